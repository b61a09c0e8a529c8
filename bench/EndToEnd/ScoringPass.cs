using System.Diagnostics;
using static TorchSharp.torch;

namespace MarginNet.EndToEnd;

/// <summary>How images are scored; by default as MarginNet does it.</summary>
internal sealed record PassOptions
{
    public int Batch { get; init; } = Models.Scoring.DefaultBatchSize;

    public bool ChannelsLast { get; init; } = true;

    public InputForm Input { get; init; }

    public bool FoldedBatchNorm { get; init; }

    public bool InferenceMode { get; init; }

    public int Threads { get; init; } = Environment.ProcessorCount;
}

/// <summary>Scores of 256 images, from bytes.</summary>
internal sealed class ScoringPass : IWork
{
    private const int Images = 256;

    private readonly PassOptions _options;
    private readonly PlainData _data;
    private readonly PlainResNet18 _network;

    public ScoringPass(Problem problem, PassOptions options)
    {
        _options = options;
        _data = new(problem.Draw(Images).Take(Images), problem.Network.Normalization);
        _ = manual_seed(problem.Seed);
        _network = new(problem.Width, problem.Network.ClassCount);
        MoveRunningMeans();
        if (options.FoldedBatchNorm)
        {
            using var original = _network;
            _network = BatchNormFolding.Fold(original, problem);
        }

        if (options.Input == InputForm.IntoConvolution)
        {
            InputNormalization.MoveInto(_network, _data);
        }

        _network.eval();
        _ = SecondsPerImage(); // Allocates, and chooses kernels.
    }

    /// <summary>The scores of all images, [N, C]; the caller disposes them.</summary>
    public Tensor Scores()
    {
        using var grad = no_grad();
        using var inference = _options.InferenceMode ? inference_mode() : null;
        using var scope = NewDisposeScope();
        var scores = new List<Tensor>();
        for (var start = 0; start < Images; start += _options.Batch)
        {
            using var pass = NewDisposeScope();
            var bytes = _data.Pixels.narrow(0, start, Math.Min(_options.Batch, Images - start));
            scores.Add(
                _network.forward(InputNormalization.Apply(bytes, _data, _options.Input, _options.ChannelsLast)).MoveToOuterDisposeScope());
        }

        return cat(scores).MoveToOuterDisposeScope();
    }

    public double SecondsPerImage()
    {
        set_num_threads(_options.Threads);
        var start = Stopwatch.GetTimestamp();
        using var scores = Scores();
        return Stopwatch.GetElapsedTime(start).TotalSeconds / Images;
    }

    public void Dispose()
    {
        _network.Dispose();
        _data.Dispose();
    }

    private void MoveRunningMeans()
    {
        using var scope = NewDisposeScope();
        using var inference = no_grad();
        _ = _network.forward(_data.Range(0, Images));
    }
}
