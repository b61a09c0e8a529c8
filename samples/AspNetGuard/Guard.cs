using MarginNet.Arrays;
using MarginNet.Data;
using MarginNet.Margins;
using MarginNet.ModelFiles;
using MarginNet.Models;
using MarginNet.PValues;

namespace AspNetGuard;

/// <summary>What the service says of an image.</summary>
/// <param name="Class">The decided class.</param>
/// <param name="Margin">Its lead over the runner-up, in scores.</param>
/// <param name="PValue">How small a margin this is among right decisions for that class, in [0, 1].</param>
/// <param name="Flagged">Whether that is too small to trust the decision.</param>
internal sealed record Verdict(string Class, double Margin, double PValue, bool Flagged);

/// <summary>One calibrated model, loaded once and used by all requests; no more of them compute at a time than there are cores.</summary>
internal sealed class Guard : IDisposable
{
    private readonly SemaphoreSlim _cores = new(Environment.ProcessorCount);
    private readonly MarginModel _model;
    private readonly MarginNullModel _nullModel;
    private readonly FlagRule _rule;

    public Guard(string path)
    {
        _model = MarginModel.Load(path);
        _nullModel = _model.NullModel
            ?? throw new InvalidDataException($"'{path}' is not calibrated: run 'marginnet calibrate --model {path}' first.");
        _rule = _nullModel.Rule ?? FlagRule.Calibrate(_nullModel, alpha: 0.05);
    }

    /// <summary>Judges a picture file, resized to what the model takes.</summary>
    public Task<Verdict> ClassifyAsync(byte[] file, CancellationToken cancellation)
    {
        var image = ImageFolder.DecodeImage(file, "The image", _model.ImageSize.Height, _model.ImageSize.Width, Channels);
        return JudgeAsync(() => _model.Network.Score(image, cancellation: cancellation), cancellation);
    }

    /// <summary>Judges pixels in [0, 1], channel by channel, row by row.</summary>
    public Task<Verdict> ClassifyAsync(float[] pixels, CancellationToken cancellation)
    {
        var (height, width) = _model.ImageSize;
        if (pixels.Length != Channels * height * width || !Array.TrueForAll(pixels, pixel => pixel is >= 0 and <= 1))
        {
            throw new InvalidDataException($"Expected {Channels} x {height} x {width} = {Channels * height * width} pixels in [0, 1], "
                + $"but got {pixels.Length} numbers{(pixels.Length == 0 ? "" : $" from {pixels.Min()} to {pixels.Max()}")}.");
        }

        var image = new ImageArray(pixels, Channels, height, width);
        return JudgeAsync(() => image.Score(_model.Network, cancellation: cancellation), cancellation);
    }

    public void Dispose()
    {
        _model.Dispose();
        _cores.Dispose();
    }

    private int Channels => _model.Network.Options.Normalization.Mean.Length;

    private async Task<Verdict> JudgeAsync(Func<ScoreMatrix> score, CancellationToken cancellation)
    {
        await _cores.WaitAsync(cancellation);
        try
        {
            var (decided, margin) = DecisionMargin.Compute(score()[0]);
            var p = _nullModel.Score(margin, decided, _rule.Null);
            return new(_model.ClassNames[decided], margin, p.Of(_rule.Tail), _rule.Flags(p));
        }
        finally
        {
            _cores.Release();
        }
    }
}
