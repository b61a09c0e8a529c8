using MarginNet.Models;
using MarginNet.Training;
using static TorchSharp.torch;

namespace MarginNet.Tests.Training;

/// <summary>
/// Resident memory and live tensors over long runs. What a leak adds it adds in every stretch of a run; the runtime and the
/// allocator may still settle in one. So the flattest of a few stretches counts.
/// </summary>
public sealed class FlatMemoryTests
{
    private const double Tolerance = 0.02;
    private const int Stretches = 3;

    [Fact]
    public void Two_thousand_training_steps_leave_resident_memory_and_tensors_as_they_were()
    {
        const int Stretch = 2000;
        using var network = TinyProblem.Network();
        var images = TinyProblem.Images(96); // Six steps in an epoch.
        var meter = new Meter();
        var listener = new StepListener(step =>
        {
            if (step.Steps % Stretch == 0)
            {
                meter.Read();
            }
        });
        MarginTrainer.Train(
            network, images, new() { Epochs = (Stretch * (Stretches + 1) / 6) + 1, BatchSize = 16, Augment = true }, progress: listener);
        meter.AssertFlat();
    }

    [Fact]
    public void Two_hundred_evaluation_batches_leave_resident_memory_and_tensors_as_they_were()
    {
        using var network = TinyProblem.Network();
        var images = TinyProblem.Images(200 * 16);
        var meter = new Meter();
        for (var stretch = 0; stretch <= Stretches; stretch++)
        {
            network.Score(images, batchSize: 16);
            meter.Read();
        }

        meter.AssertFlat();
    }

    /// <summary>Reads at the end of a stretch; the first stretch warms up.</summary>
    private sealed class Meter
    {
        private readonly List<(long Tensors, long Bytes)> _readings = [];

        public void Read()
        {
            var tensors = Tensor.TotalCount; // Before a collection could hide a leak.
            GC.Collect();
            GC.WaitForPendingFinalizers();
            GC.Collect();
            _readings.Add((tensors, Environment.WorkingSet));
        }

        public void AssertFlat()
        {
            Assert.Equal(Stretches + 1, _readings.Count);
            Assert.Single(_readings[1..].Select(reading => reading.Tensors).Distinct());
            var growth = _readings.Zip(_readings[1..], (before, after) => Math.Abs(((double)after.Bytes / before.Bytes) - 1));
            Assert.InRange(growth.Min(), 0, Tolerance);
        }
    }

    private sealed class StepListener(Action<StepProgress> action) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value)
        {
            if (value is StepProgress step)
            {
                action(step);
            }
        }
    }
}
