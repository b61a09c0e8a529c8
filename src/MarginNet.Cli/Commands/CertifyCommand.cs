using System.Collections.Immutable;
using System.CommandLine;
using System.Diagnostics;
using MarginNet.Attacks;
using MarginNet.Bounds;
using MarginNet.Certificates;
using MarginNet.Checkpoints;
using MarginNet.Cli.Figures;
using MarginNet.Cli.Input;
using MarginNet.Cli.Options;
using MarginNet.Cli.Output;
using MarginNet.Cli.Pages;
using MarginNet.Cli.Sharding;
using MarginNet.Data;
using MarginNet.Lipschitz;
using MarginNet.Margins;
using MarginNet.Models;
using static TorchSharp.torch;

namespace MarginNet.Cli.Commands;

/// <summary>
/// <c>marginnet certify</c>: the radius around each sample within which the decision provably stays, and certified accuracy at some
/// distances beside what an attack leaves; the same attack tries every certificate inside its ball.
/// </summary>
internal sealed class CertifyCommand : Command
{
    private const int Unsound = 1;

    private static readonly string[] DefaultDistances = ["36/255", "72/255", "108/255", "1"];

    private readonly SampleOptions _samples =
        new("test (default) or train.", ["test", "train"], "", needsCalibration: false, hasTimeLimit: false);
    private readonly CertificateSettings _settings = new();

    private readonly Option<string[]> _epsilons = new("--epsilon")
    {
        Description = "Distances in [0,1] pixels at which to give certified accuracy; a number or a ratio, one or more. Without --output, "
            + "--plot and --html other methods than lipschitz ask about these alone, which is cheaper than to look for radii.",
        AllowMultipleArgumentsPerToken = true,
        DefaultValueFactory = _ => DefaultDistances,
    };

    private readonly Option<bool> _noAttack = new("--no-attack")
    {
        Description = "Attack neither the images at each distance nor the certificates inside their balls, which is what takes long.",
    };
    private readonly Option<int> _steps =
        Number.Count("--attack-steps", "Steps of projected gradient ascent from each start.", SoundnessCheck.DefaultAttack.Steps);
    private readonly Option<int> _restarts = Number.Count(
        "--attack-restarts", "Starts, the first from the image itself, each other from a random point of the ball.",
        SoundnessCheck.DefaultAttack.Restarts);
    private readonly Option<string> _averaging = new Option<string>("--tta")
    {
        Description = "Certify the network itself (none), or the mean of its scores of an image and of its mirror image (flip), which has "
            + "the same constants and takes twice as long.",
        DefaultValueFactory = _ => "none",
    }.AcceptOnlyFromAmong("none", "flip");
    private readonly Option<string?> _output = new("--output", "-o")
    {
        Description = "Write one line for each sample, with its radius, what proves it, "
            + "and the least distance at which the attack succeeded, to this CSV file.",
    };
    private readonly Option<string?> _plot = new("--plot")
    {
        Description = "Also draw certified accuracy against the radius, with clean accuracy and that under attack, as .png or .svg.",
    };
    private readonly JsonOption _json = new();
    private readonly HtmlOption _html = new();

    public CertifyCommand()
        : base("certify", "Certify decisions: the radius in which no change of the image changes the class.")
    {
        _samples.AddModelTo(this);
        _settings.AddTo(this);
        Option[] options = [_averaging, _epsilons, _noAttack, _steps, _restarts, _output, _plot];
        Array.ForEach(options, Add);
        _json.AddTo(this);
        _html.AddTo(this);
        SetAction(RunAsync);
    }

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellation)
    {
        var local = _settings.Read(parsed);
        (string Text, double Value)[] distances = [.. parsed.GetValue(_epsilons)!.Select(text => (text, Distance(text)))];
        var attack = Attack(parsed, local);
        ThrowIfNotWritable(parsed);
        using var model = _samples.LoadExactModel(parsed);
        using var mirrored = parsed.GetValue(_averaging) == "flip" ? new MirroredNetwork(model.Network) : null;
        nn.Module<Tensor, Tensor> network = mirrored is null ? model.Network : mirrored;
        var rows = parsed.Rows();
        var clock = Stopwatch.StartNew();
        var bounds = rows is MergedRows // First: it may refuse the model.
            ? null : Bound(parsed, network, LipschitzCommand.InputOf(model), local, cancellation);
        var seconds = clock.Elapsed.TotalSeconds;
        var images = await _samples.LoadImagesAsync(parsed, model, cancellation);
        var part = rows.Part(images);
        var (error, epsilons, labels) =
            (parsed.InvocationConfiguration.Error, Array.ConvertAll(distances, distance => distance.Value), images.Labels.ToArray());
        foreach (var (_, value) in distances)
        {
            parsed.WarnOfDistance(
                _epsilons.Name, value, local?.Norm ?? AttackNorm.L2, (long)images.Channels * images.Height * images.Width);
        }

        bounds?.ThrowIfChanged(network);
        var scores = rows.Scores(
            "scores", part.Count, model.ClassNames.Length, () => network.Score(part, cancellation: cancellation));
        var radii = CertificateRows.ToRadii(rows.Take("radii", part.Count, () => CertificateRows.Of(Radii())));
        var attackedAt = attack is null
            ? null
            : rows.Take("distances under attack", part.Count, () => AttackedDistance.Compute(
                network, part, epsilons, attack, new DistanceDisplay(error), cancellation));
        var violations = attack is null
            ? []
            : CertificateRows.ToViolations(rows.Take("violations", part.Count, () => CertificateRows.Of(
                SoundnessCheck.Run(network, part, radii, attack, cancellation), rows.First)));
        if (rows.ArePart)
        {
            return 0;
        }

        var table = new CertificateTable(
            radii, scores, images, model.ClassNames, attackedAt, local, areLargest: local is null || AreLargest(parsed));
        if (parsed.GetValue(_output) is { } path)
        {
            table.Save(path);
        }

        if (parsed.GetValue(_plot) is { } picture)
        {
            using var plot = CertifiedAccuracyPlot.Draw(radii, labels, epsilons, attackedAt);
            PlotFile.Save(plot, picture);
        }

        if (_html.File(parsed) is { } page)
        {
            var samples = Samples.FromModel(scores, labels, model.ClassNames, "the network").From(images);
            new CertificatePage(radii, samples, attackedAt, distances, _html.Thumbnails(parsed))
                .Compose(_samples.Describe(parsed), CommandText.Of(parsed))
                .Save(page);
        }

        _json.Report(parsed, json => table.Write(json, distances), output => table.Write(output, distances));
        return attack is null
            ? 0
            : Report(violations, radii, _json.Remarks(parsed), error, model.ClassNames, images);

        CertifiedRadius[] Radii()
        {
            CertifiedRadius[] known = bounds is not null ? CertifiedRadius.Compute(scores, part, bounds)
                : [.. Enumerable.Range(0, scores.Count).Select(i => new CertifiedRadius(
                    DecisionMargin.Compute(scores[i]).Class, 0, CertificateSource.None))];
            known = Array.ConvertAll(known, radius => radius with { Seconds = seconds / known.Length });
            return local is null ? known : Certify(parsed, network, part, local, distances, known, cancellation);
        }
    }

    /// <summary>The Lipschitz constants, where they are asked for; null where they are not, or cannot be had and others can.</summary>
    private LipschitzBounds? Bound(
        ParseResult parsed, nn.Module<Tensor, Tensor> network, FeatureShape input, CertificateOptions? local, CancellationToken cancellation)
    {
        if (!_settings.UsesConstants(parsed))
        {
            return null;
        }

        try
        {
            return LipschitzCommand.Bound(network, input, cancellation);
        }
        catch (UserErrorException e) when (local is not null)
        {
            parsed.Note($"without Lipschitz constants: {e.Message}");
            return null;
        }
    }

    /// <summary>Certifies by bounds in balls: the largest radii, or only the distances asked about.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="network">The network.</param>
    /// <param name="images">The samples.</param>
    /// <param name="options">How.</param>
    /// <param name="distances">The distances asked about.</param>
    /// <param name="radii">What is known of each sample already.</param>
    /// <param name="cancellation">Stops it.</param>
    private CertifiedRadius[] Certify(
        ParseResult parsed, nn.Module<Tensor, Tensor> network, ImageSet images, CertificateOptions options,
        (string Text, double Value)[] distances, CertifiedRadius[] radii, CancellationToken cancellation)
    {
        CountDisplay Progress(string things) => new(parsed.Notes(), "certified", things, images.Count);

        try
        {
            if (AreLargest(parsed))
            {
                return LocalCertificates.Compute(
                    network, images, options, Array.ConvertAll(distances, distance => distance.Value), radii, Progress("images"),
                    cancellation);
            }

            var least = 0.0;
            foreach (var (text, value) in distances.Where(distance => distance.Value > 0).OrderBy(distance => distance.Value))
            {
                // What is wrong counts as not certified, and what is not certified at the distance before is not tried at a larger one.
                double[] epsilons = [.. radii.Select((radius, i) =>
                    radius.PredictedClass == images.Labels[i] && (least == 0 || radius.Holds(least)) ? value : 0)];
                radii = LocalCertificates.Prove(
                    network, images, epsilons, options, radii, Progress($"images at {text}"), cancellation);
                least = value;
            }

            return radii;
        }
        catch (NotSupportedException e)
        {
            throw new UserErrorException(e.Message);
        }
    }

    /// <summary>Whether the radius of each image is shown anywhere.</summary>
    private bool AreLargest(ParseResult parsed) => parsed.GetValue(_output) is not null
        || parsed.GetValue(_plot) is not null || _html.File(parsed) is not null;

    /// <summary>Says whether the attack has changed a decision inside its certified ball, which would be a defect.</summary>
    /// <returns>The exit code.</returns>
    public static int Report(
        ImmutableArray<CertificateViolation> violations,
        CertifiedRadius[] radii,
        TextWriter output,
        TextWriter error,
        ImmutableArray<string> classNames,
        ImageSet images)
    {
        if (violations.IsEmpty)
        {
            output.WriteLine(FormattableString.Invariant(
                $"No attack inside its ball changed any of {radii.Count(radius => radius.Radius > 0)} certified decisions."));
            return 0;
        }

        error.WriteLine(
            FormattableString.Invariant(
                $"marginnet: a defect of MarginNet; please report it. {violations.Length} certificates are wrong, since an attack inside the ball changes the class:"));
        foreach (var violation in violations)
        {
            var file = images.Files.IsEmpty ? "" : $" ({images.Files[violation.Index]})";
            error.WriteLine(FormattableString.Invariant($"sample {images.Numbers[violation.Index]}{file}: ")
                + FormattableString.Invariant(
                    $"certified '{classNames[violation.PredictedClass]}' within {violation.Radius:g6}, but is '{classNames[violation.AttackedClass]}' at {violation.Distance:g6}"));
        }

        return Unsound;
    }

    private AttackOptions? Attack(ParseResult parsed, CertificateOptions? local)
    {
        Option[] own = [_steps, _restarts];
        if (!parsed.GetValue(_noAttack))
        {
            return SoundnessCheck.DefaultAttack with
            {
                Norm = local?.Norm ?? AttackNorm.L2,
                Clip = local?.IsCut ?? true,
                Steps = parsed.GetValue(_steps),
                Restarts = parsed.GetValue(_restarts),
            };
        }

        return Array.Find(own, parsed.IsGiven) is { } idle
            ? throw new UserErrorException($"{idle.Name} has no effect with --no-attack: leave one of them out.")
            : null;
    }

    private void ThrowIfNotWritable(ParseResult parsed)
    {
        if (parsed.GetValue(_output) is { } file)
        {
            AtomicFile.ThrowIfNotWritable(file);
        }

        if (parsed.GetValue(_plot) is { } picture)
        {
            PlotFile.ThrowIfOtherKind(picture);
        }

        _json.ThrowIfNotWritable(parsed);
        _html.ThrowIfNotWritable(parsed);
    }

    private static double Distance(string text) => Number.TryParse<double>(text, out var value) && double.IsFinite(value) && value >= 0
        ? value
        : throw new UserErrorException($"--epsilon is '{text}': expected a number, at least 0, or a ratio such as 36/255.");

    private sealed class DistanceDisplay(TextWriter error) : IProgress<double>
    {
        public void Report(double value)
        {
            if (value > 0)
            {
                error.WriteLine(FormattableString.Invariant($"attacked within {value:g4}"));
            }
        }
    }
}
