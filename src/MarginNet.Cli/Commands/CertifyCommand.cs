using System.Collections.Immutable;
using System.CommandLine;
using MarginNet.Attacks;
using MarginNet.Certificates;
using MarginNet.Checkpoints;
using MarginNet.Cli.Figures;
using MarginNet.Cli.Options;
using MarginNet.Cli.Output;
using MarginNet.Data;
using MarginNet.Models;

namespace MarginNet.Cli.Commands;

/// <summary>
/// <c>marginnet certify</c>: the radius around each sample within which the decision provably stays, and certified accuracy at some
/// distances beside what an attack leaves; the same attack tries every certificate inside its ball.
/// </summary>
internal sealed class CertifyCommand : Command
{
    private const int Unsound = 1;

    private static readonly string[] DefaultDistances = ["36/255", "72/255", "108/255", "1"];

    private readonly SampleOptions _samples = new("test (default) or train.", ["test", "train"], "", needsCalibration: false);

    private readonly Option<string[]> _epsilons = new("--epsilon")
    {
        Description = "Distances in l2, in [0,1] pixels, at which to give certified accuracy; a number or a ratio, one or more.",
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

    public CertifyCommand()
        : base("certify", "Certify decisions: the radius in which no change of the image changes the class.")
    {
        _samples.AddModelTo(this);
        Option[] options = [_epsilons, _noAttack, _steps, _restarts, _output, _plot];
        Array.ForEach(options, Add);
        _json.AddTo(this);
        SetAction(RunAsync);
    }

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellation)
    {
        (string Text, double Value)[] distances = [.. parsed.GetValue(_epsilons)!.Select(text => (text, Distance(text)))];
        var attack = Attack(parsed);
        ThrowIfNotWritable(parsed);
        using var model = _samples.LoadExactModel(parsed);
        var bounds = LipschitzCommand.Bound(model, cancellation); // First: it may refuse the model.
        var images = await _samples.LoadImagesAsync(parsed, model, cancellation);
        var (error, epsilons, labels) =
            (parsed.InvocationConfiguration.Error, Array.ConvertAll(distances, distance => distance.Value), images.Labels.ToArray());
        foreach (var (_, value) in distances)
        {
            parsed.WarnOfDistance(_epsilons.Name, value, AttackNorm.L2, (long)images.Channels * images.Height * images.Width);
        }

        bounds.ThrowIfChanged(model.Network);
        var scores = model.Network.Score(images, cancellation: cancellation);
        var radii = CertifiedRadius.Compute(scores, images, bounds);
        var attackedAt = attack is null
            ? null
            : AttackedDistance.Compute(model.Network, images, epsilons, attack, new DistanceDisplay(error), cancellation);
        var table = new CertificateTable(radii, scores, images, model.ClassNames, attackedAt);
        if (parsed.GetValue(_output) is { } path)
        {
            table.Save(path);
        }

        if (parsed.GetValue(_plot) is { } picture)
        {
            using var plot = CertifiedAccuracyPlot.Draw(radii, labels, epsilons, attackedAt);
            PlotFile.Save(plot, picture);
        }

        _json.Report(parsed, json => table.Write(json, distances), output => table.Write(output, distances));
        return attack is null
            ? 0
            : Report(
                SoundnessCheck.Run(model.Network, images, radii, attack, cancellation), radii, _json.Remarks(parsed), error,
                model.ClassNames, images);
    }

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

    private AttackOptions? Attack(ParseResult parsed)
    {
        Option[] own = [_steps, _restarts];
        if (!parsed.GetValue(_noAttack))
        {
            return SoundnessCheck.DefaultAttack with { Steps = parsed.GetValue(_steps), Restarts = parsed.GetValue(_restarts) };
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
