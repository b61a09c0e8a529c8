using System.Diagnostics;
using MarginNet.Data;
using static TorchSharp.torch;

namespace MarginNet.EndToEnd;

/// <summary>How a step of training is done; by default as MarginNet does it.</summary>
internal sealed record StepOptions
{
    public bool NullGradients { get; init; } = true;

    public bool InPlaceActivations { get; init; } = true;

    public bool ChannelsLast { get; init; } = true;

    public InputForm Input { get; init; }

    public bool Adam { get; init; } = true;

    public int Threads { get; init; } = Environment.ProcessorCount;
}

/// <summary>One step of training, from bytes to updated weights: the same images each time.</summary>
internal sealed class TrainingStep : IWork
{
    private readonly StepOptions _options;
    private readonly PlainData _data;
    private readonly PlainResNet18 _network;
    private readonly optim.Optimizer _optimizer;
    private readonly Generator _augmentation = new(0);
    private readonly Tensor _indices;

    public TrainingStep(Problem problem, StepOptions options)
    {
        _options = options;
        _data = new(problem.Draw(problem.Batch).Take(problem.Batch), problem.Network.Normalization);
        _ = manual_seed(problem.Seed);
        _network = new(problem.Width, problem.Network.ClassCount, options.InPlaceActivations);
        if (options.Input == InputForm.IntoConvolution)
        {
            InputNormalization.MoveInto(_network, _data);
        }

        _optimizer = options.Adam
            ? optim.Adam(_network.parameters(), Problem.LearningRate)
            : optim.SGD(_network.parameters(), Problem.LearningRate, momentum: 0.9, nesterov: true);
        _indices = randperm(problem.Batch).DetachFromDisposeScope();
        _ = SecondsPerImage(); // Allocates, and chooses kernels.
    }

    /// <summary>The share of the last step that made augmented images, in [0, 1] floats, of bytes:
    /// the most that a prefetching thread could hide.</summary>
    public double PreparationShare { get; private set; }

    /// <summary>The share of the last step that updated the weights.</summary>
    public double OptimizerShare { get; private set; }

    public double SecondsPerImage()
    {
        set_num_threads(_options.Threads);
        var start = Stopwatch.GetTimestamp();
        using var scope = NewDisposeScope();
        var bytes = Augmentation.RandomCropFlip(_data.Pixels.index_select(0, _indices), _augmentation);
        var input = InputNormalization.Apply(bytes, _data, _options.Input, _options.ChannelsLast);
        var labels = _data.Labels.index_select(0, _indices);
        var preparation = Stopwatch.GetElapsedTime(start);

        var logits = _network.forward(input);
        var loss = nn.functional.cross_entropy(logits - (nn.functional.one_hot(labels, logits.shape[1]) * Problem.TargetMargin), labels);
        if (_options.NullGradients)
        {
            _network.zero_grad(set_to_none: true);
        }
        else
        {
            _optimizer.zero_grad();
        }

        loss.backward();
        var update = Stopwatch.GetTimestamp();
        _ = _optimizer.step();
        var (optimizer, total) = (Stopwatch.GetElapsedTime(update), Stopwatch.GetElapsedTime(start));
        (PreparationShare, OptimizerShare) = (preparation / total, optimizer / total);
        return total.TotalSeconds / _data.Count;
    }

    public void Dispose()
    {
        _indices.Dispose();
        _augmentation.Dispose();
        _optimizer.Dispose();
        _network.Dispose();
        _data.Dispose();
    }
}
