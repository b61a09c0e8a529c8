using System.CommandLine;
using System.Diagnostics;
using MarginNet.Checkpoints;
using MarginNet.Cli.Options;
using MarginNet.Cli.Output;
using MarginNet.Lipschitz;
using MarginNet.Models;

namespace MarginNet.Cli.Commands;

/// <summary><c>marginnet lipschitz</c>: proven upper bounds of a model's Lipschitz constants, layer by layer and as a whole, beside lower bounds from data.</summary>
internal sealed class LipschitzCommand : Command
{
    private readonly SampleOptions _samples = new("For --samples: test (default) or train.", ["test", "train"], "", needsCalibration: false);
    private readonly Option<int> _count = Number.CountOrNone("--samples", "Also lower bounds, from the gradients at so many samples of the data and from pairs found by gradient ascent; 0 needs no data.", 0);
    private readonly Option<int> _steps = Number.CountOrNone("--ascent-steps", "Steps of gradient ascent for the lower bounds; 0 for gradients alone.", 20);
    private readonly Option<string?> _json = new("--json") { Description = "Also write the bounds, those of all pairs of classes too, to this file." };

    public LipschitzCommand()
        : base("lipschitz", "Bound a model's Lipschitz constants, from above by proof and from below by what was seen.")
    {
        _samples.AddModelTo(this);
        Option[] options = [_count, _steps, _json];
        Array.ForEach(options, Add);
        SetAction(RunAsync);
    }

    private async Task RunAsync(ParseResult parsed, CancellationToken cancellation)
    {
        if (parsed.GetValue(_json) is { } file)
        {
            AtomicFile.ThrowIfNotWritable(file);
        }

        using var model = _samples.LoadModel(parsed);
        var clock = Stopwatch.StartNew();
        var upper = Bound(model);
        var seconds = clock.Elapsed.TotalSeconds;
        var lower = parsed.GetValue(_count) is > 0 and var count ? await LowerAsync(parsed, model, upper, count, cancellation) : null;
        var table = new LipschitzTable(upper, lower, model.ClassNames, seconds);
        if (parsed.GetValue(_json) is { } path)
        {
            table.Save(path);
        }

        table.Write(parsed.InvocationConfiguration.Output);
    }

    /// <summary>The bounds of a model at the size of its images.</summary>
    public static LipschitzBounds Bound(MarginModel model)
    {
        try
        {
            var channels = model.Network.Options.Normalization.Mean.Length;
            return LipschitzBounds.Compute(model.Network, new(channels, model.ImageSize.Height, model.ImageSize.Width));
        }
        catch (NotSupportedException e)
        {
            throw new UserErrorException(e.Message);
        }
    }

    private async Task<LipschitzLowerBounds> LowerAsync(ParseResult parsed, MarginModel model, LipschitzBounds upper, int count, CancellationToken cancellation)
    {
        const int BatchSize = 32;
        var dataset = await _samples.LoadDataAsync(parsed, model, cancellation);
        var images = _samples.Split(parsed) == "train" ? dataset.Train : dataset.Test;
        LipschitzLowerBounds? lower = null;
        foreach (var batch in Enumerable.Range(0, Math.Min(count, images.Count)).Chunk(BatchSize))
        {
            cancellation.ThrowIfCancellationRequested();
            using var pixels = images.ToTensor(batch, model.Device);
            var found = LipschitzLowerBounds.Compute(model.Network, pixels, upper.IsCentered, parsed.GetValue(_steps));
            lower = lower?.Max(found) ?? found;
        }

        return lower!;
    }
}
