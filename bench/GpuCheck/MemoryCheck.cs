using System.Diagnostics;
using System.Globalization;
using MarginNet.Data;
using MarginNet.Losses;
using MarginNet.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace MarginNet.GpuCheck;

/// <summary>What a training takes of the machine from its first quarter to its end.</summary>
internal static class MemoryCheck
{
    private const int Batch = 128;
    private const double MostGrowth = 32; // MiB: of the runtime's own, which settles late.

    public static IEnumerable<Finding> Run(Device device, int steps, int width)
    {
        var images = SyntheticShapes.Create(10 * Batch, 0).Train;
        using var network = Networks.Create("fastnet", width);
        network.to(device);
        var readings = new List<Reading>();
        _ = MarginTrainer.Train(
            network,
            images,
            new() { Loss = MarginLoss.ShiftedSoftmax, Epochs = steps / 10, BatchSize = Batch },
            progress: new Listener<EpochProgress>(epoch =>
            {
                if (epoch.Epoch % Math.Max(1, steps / 40) == 0)
                {
                    readings.Add(Reading.Now(device));
                }
            }));
        var (early, late) = (readings[Math.Max(0, (readings.Count / 4) - 1)], readings[^1]);
        yield return Grows($"resident memory over {steps} steps, MiB", early.Resident, late.Resident, MostGrowth);
        yield return Grows($"tensors over {steps} steps", early.Tensors, late.Tensors, 0);
        if (late.OfDevice > 0)
        {
            yield return Grows($"GPU memory over {steps} steps, MiB", early.OfDevice, late.OfDevice, MostGrowth);
        }
    }

    private static Finding Grows(string what, double early, double late, double most) =>
        new(what, late - early <= most ? "ok" : "failed")
        {
            Reference = early,
            Found = late,
            Note = FormattableString.Invariant($"a quarter of the way, and at the end; to grow by {most} at most"),
        };

    private sealed record Reading(double Resident, double OfDevice, long Tensors)
    {
        public static Reading Now(Device device)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
            using var process = Process.GetCurrentProcess();
            return new(process.WorkingSet64 / 1048576.0, device.type == DeviceType.CUDA ? UsedOfDevice() : 0, Tensor.TotalCount);
        }

        /// <summary>In MiB, of all that run there; 0 where the driver's tool does not tell.</summary>
        private static double UsedOfDevice()
        {
            using var process = Process.Start(new ProcessStartInfo(
                "nvidia-smi", ["--query-gpu=memory.used", "--format=csv,noheader,nounits"])
            {
                RedirectStandardOutput = true,
            })!;
            var line = process.StandardOutput.ReadToEnd().Split('\n')[0];
            process.WaitForExit();
            return double.TryParse(line, CultureInfo.InvariantCulture, out var used) ? used : 0;
        }
    }
}
