using System.CommandLine;
using System.Diagnostics;
using MarginNet.Attacks;
using MarginNet.Bounds;
using MarginNet.Cli.Input;
using MarginNet.Cli.Options;
using MarginNet.Cli.Output;
using MarginNet.Data;
using MarginNet.Lipschitz;
using MarginNet.ModelFiles;
using static TorchSharp.torch;

namespace MarginNet.Cli.Commands;

/// <summary><c>marginnet lipschitz</c>: proven upper bounds of a model's Lipschitz constants, layer by layer and as a whole, beside lower
/// bounds from data and, where asked for, estimates.</summary>
internal sealed class LipschitzCommand : Command
{
    private static readonly CleverOptions CleverDefault = new();

    private readonly SampleOptions _samples =
        new("For --samples: test (default) or train.", ["test", "train"], "", needsCalibration: false);
    private readonly Option<int> _count = Number.CountOrNone(
        "--samples",
        "Also lower bounds, from the gradients at so many samples of the data and from pairs found by gradient ascent; 0 needs no data.",
        0);
    private readonly Option<int> _steps =
        Number.CountOrNone("--ascent-steps", "Steps of gradient ascent for the lower bounds; 0 for gradients alone.", 20);
    private readonly Option<bool> _clever = new("--clever")
    {
        Description = "Also CLEVER's estimates of the local constants and radii of the --samples, each with its nearest rival; "
            + "they certify nothing.",
    };
    private readonly Option<int> _draws =
        Number.Count("--clever-draws", "Random points of each batch, of which the largest gradient counts.", CleverDefault.Samples);
    private readonly Option<int> _batches = Number.Count("--clever-batches", "Batches, to whose maxima the distribution is fitted. "
        + "With the defaults a sample takes half a million points: 50 batches of 64 give a rough picture.", CleverDefault.Batches);
    private readonly Option<double> _radius =
        Number.Positive("--clever-radius", "Radius of the l2 ball of the points, in [0,1] pixels.", CleverDefault.Radius);
    private readonly Option<int> _seed = Number.CountOrNone("--clever-seed", "Seed of the random points.", CleverDefault.Seed);
    private readonly Option<bool> _generalization = new("--generalization")
    {
        Description = "Also the spectral complexity, and the normalized margins of training and test images (Bartlett, Foster and "
            + "Telgarsky, 2017), by which networks of the same data compare; needs the data.",
    };
    private readonly JsonOption _json = new();

    public LipschitzCommand()
        : base("lipschitz", "Bound a model's Lipschitz constants, from above by proof and from below by what was seen.")
    {
        _samples.AddModelTo(this);
        Option[] options = [_count, _steps, _clever, _draws, _batches, _radius, _seed, _generalization];
        Array.ForEach(options, Add);
        _json.AddTo(this);
        SetAction(RunAsync);
    }

    private async Task RunAsync(ParseResult parsed, CancellationToken cancellation)
    {
        ThrowIfIdle(parsed);
        _json.ThrowIfNotWritable(parsed);

        using var model = _samples.LoadExactModel(parsed);
        if (parsed.GetValue(_clever))
        {
            ModelFit.ThrowIfNotDifferentiable(model, _samples.ModelPath(parsed), "--clever");
        }

        var clock = Stopwatch.StartNew();
        LipschitzBounds upper;
        try
        {
            upper = Bound(model, cancellation);
        }
        catch (UserErrorException e) when (parsed.GetValue(_clever) && !parsed.GetValue(_generalization))
        {
            Report(
                parsed,
                e.Message,
                Estimate(parsed, model, await LoadAsync(parsed, model, parsed.GetValue(_count), cancellation), cancellation));
            return;
        }

        var seconds = clock.Elapsed.TotalSeconds;
        var images = parsed.GetValue(_count) is > 0 and var count ? await LoadAsync(parsed, model, count, cancellation) : null;
        var lower = images is null ? null : Lower(parsed, model, upper, images, cancellation);
        var clever = images is not null && parsed.GetValue(_clever) ? Estimate(parsed, model, images, cancellation) : null;
        var generalization = parsed.GetValue(_generalization) ? await GeneralizeAsync(parsed, model, cancellation) : null;
        var table = new LipschitzTable(upper, lower, clever, generalization, model.ClassNames, seconds);
        _json.Report(parsed, table.Write, table.Write);
    }

    /// <summary>Reports estimates alone, of a network that nothing is proven of.</summary>
    private void Report(ParseResult parsed, string refusal, CleverTable estimates) => _json.Report(
        parsed,
        json =>
        {
            json.WriteStartObject();
            json.WriteString("no_upper_bound", refusal);
            estimates.Write(json);
            json.WriteEndObject();
        },
        output =>
        {
            output.WriteLine(refusal);
            estimates.Write(output);
        });

    /// <summary>The bounds of a model at the size of its images.</summary>
    public static LipschitzBounds Bound(MarginModel model, CancellationToken cancellation) =>
        Bound(model.Network, InputOf(model), cancellation);

    /// <summary>The bounds of a network.</summary>
    public static LipschitzBounds Bound(nn.Module<Tensor, Tensor> network, FeatureShape input, CancellationToken cancellation)
    {
        try
        {
            return LipschitzBounds.Compute(network, input, cancellation);
        }
        catch (NotSupportedException e)
        {
            throw new UserErrorException(e.Message);
        }
    }

    /// <summary>The shape of a model's images.</summary>
    public static FeatureShape InputOf(MarginModel model) => new(model.Channels, model.ImageSize.Height, model.ImageSize.Width);

    private async Task<GeneralizationTable> GeneralizeAsync(ParseResult parsed, MarginModel model, CancellationToken cancellation)
    {
        var complexity = SpectralComplexity.Compute(model.Network, InputOf(model), cancellation);
        var dataset = await _samples.LoadDataAsync(parsed, model, isTrainUsed: true, cancellation);
        var training = TrainingImages.Part(model, dataset.Train, isHeldOut: false) ?? throw new UserErrorException(
            $"--generalization needs the images that '{_samples.ModelPath(parsed)}' was trained on: {dataset.Train.Count} are not those of "
            + "which it kept some out; give the data it was trained on, without --limit-train.");
        var unit = complexity.MarginUnit(training);
        return new(complexity, unit, training.Count, Margins(training), Margins(dataset.Test));

        double[] Margins(ImageSet images) =>
            SpectralComplexity.NormalizedMargins(model.Score(images, cancellation: cancellation), images.Labels, unit);
    }

    private void ThrowIfIdle(ParseResult parsed)
    {
        Option[] own = [_draws, _batches, _radius, _seed];
        if (!parsed.GetValue(_clever) && Array.Find(own, parsed.IsGiven) is { } idle)
        {
            throw new UserErrorException($"{idle.Name} has no effect without --clever: leave it out, or add --clever.");
        }

        if (parsed.GetValue(_clever) && parsed.GetValue(_count) == 0)
        {
            throw new UserErrorException(
                "--clever estimates the constants around samples: say how many with --samples, such as --samples 5.");
        }
    }

    private async Task<ImageSet> LoadAsync(ParseResult parsed, MarginModel model, int count, CancellationToken cancellation)
    {
        var images = await _samples.LoadImagesAsync(parsed, model, cancellation);
        return images.Take(Math.Min(count, images.Count));
    }

    private LipschitzLowerBounds Lower(
        ParseResult parsed, MarginModel model, LipschitzBounds upper, ImageSet images, CancellationToken cancellation)
    {
        const int BatchSize = 32;
        LipschitzLowerBounds? lower = null;
        foreach (var batch in Enumerable.Range(0, images.Count).Chunk(BatchSize))
        {
            cancellation.ThrowIfCancellationRequested();
            using var pixels = images.ToTensor(batch, model.Device);
            var found = LipschitzLowerBounds.Compute(model.Network, pixels, upper.IsCentered, parsed.GetValue(_steps));
            lower = lower?.Max(found) ?? found;
        }

        return lower!;
    }

    private CleverTable Estimate(ParseResult parsed, MarginModel model, ImageSet images, CancellationToken cancellation)
    {
        var options = CleverDefault with
        {
            Samples = parsed.GetValue(_draws),
            Batches = parsed.GetValue(_batches),
            Radius = parsed.GetValue(_radius),
            Seed = parsed.GetValue(_seed),
        };
        if (parsed.IsGiven(_radius))
        {
            parsed.WarnOfDistance(_radius.Name, options.Radius, AttackNorm.L2, (long)images.Channels * images.Height * images.Width);
        }

        var estimates = new Clever[images.Count];
        for (var i = 0; i < estimates.Length; i++)
        {
            using var pixels = images.ToTensor([i], model.Device);
            estimates[i] = Clever.Compute(model.Network, pixels, options, cancellation);
            parsed.InvocationConfiguration.Error.WriteLine(FormattableString.Invariant($"estimated {i + 1} of {estimates.Length} samples"));
        }

        return new(estimates, options, model.ClassNames, images);
    }
}
