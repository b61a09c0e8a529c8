using System.CommandLine;
using MarginNet.Arrays;
using MarginNet.Attacks;
using MarginNet.Checkpoints;
using MarginNet.Cli.Input;
using MarginNet.Cli.Options;
using MarginNet.Cli.Output;
using MarginNet.Cli.Pages;
using MarginNet.Cli.Sharding;
using MarginNet.Data;
using MarginNet.Detection;
using MarginNet.Margins;
using MarginNet.ModelFiles;
using MarginNet.Models;

namespace MarginNet.Cli.Commands;

/// <summary><c>marginnet attack</c>: attacks images by the gradients of one model, and says how accurate it and others remain.</summary>
internal sealed class AttackCommand : Command
{
    private readonly Option<string> _surrogate = new("--surrogate")
    {
        Description = "The model file whose gradients the attack follows.",
        Required = true,
    };
    private readonly Option<string[]> _models = new("--model", "-m")
    {
        Description = "Model files to try the attacked images on, beside the surrogate.",
        AllowMultipleArgumentsPerToken = true,
    };
    private readonly AttackSettings _attack = new();
    private readonly Option<string> _split = new("--split") { Description = "test (default) or train.", DefaultValueFactory = _ => "test" };
    private readonly ForeignOptions _foreign = new();
    private readonly DataOptions _data = new("what the surrogate was trained on", mayStream: true);
    private readonly DeviceOptions _device = new();
    private readonly PrecisionOption _precision = new("In what networks are computed; by default in what each was calibrated, or float32;");
    private readonly Option<string?> _out = new("--out", "-o")
    {
        Description = "Write the attacked images to this .npy file, float32 [N, C, H, W] exactly as attacked, for evaluate --images, "
            + "pvalue --images and detect --attacked; and their true classes to .labels.npy beside it.",
    };

    private readonly JsonOption _json = new();
    private readonly HtmlOption _html = new();

    public AttackCommand()
        : base("attack", "Attack images by the gradients of one model, and print the accuracy that it and others keep.")
    {
        _split.AcceptOnlyFromAmong("test", "train");
        Add(_surrogate);
        Add(_models);
        _attack.AddTo(this);
        Add(_split);
        _foreign.AddTo(this);
        _data.AddTo(this);
        _device.AddTo(this);
        Add(_precision);
        Add(_out);
        ShardOptions.AddTo(this);
        _json.AddTo(this);
        _html.AddTo(this);
        SetAction(RunAsync);
    }

    private async Task RunAsync(ParseResult parsed, CancellationToken cancellation)
    {
        var options = _attack.Read(parsed);
        var (path, file, error) = (parsed.GetValue(_surrogate)!, parsed.GetValue(_out), parsed.InvocationConfiguration.Error);
        ThrowIfNotWritable(file);
        _json.ThrowIfNotWritable(parsed);
        _html.ThrowIfNotWritable(parsed);
        string[] paths = [path, .. parsed.GetValue(_models)!.Except([path])];
        var models = new List<MarginModel>();
        try
        {
            var device = _device.Select(parsed);
            Array.ForEach(paths, each => models.Add(_foreign.Load(parsed, each, device)));
            models.ForEach(model => _precision.ApplyTo(parsed, model));
            ModelFit.ThrowIfNotDifferentiable(models[0], path, "marginnet attack");
            var split = parsed.GetValue(_split)!;
            var dataset = await _data.LoadForAsync(parsed, models[0], path, isTrainUsed: split == "train", cancellation);
            foreach (var (model, name) in models.Zip(paths))
            {
                ModelFit.ThrowIfOther(model, name, dataset);
            }

            var images = split == "train" ? dataset.Train : dataset.Test;
            AttackSettings.Warn(parsed, options, (long)images.Channels * images.Height * images.Width);

            var rows = parsed.Rows();
            var part = rows.Part(images);
            var result = Run(parsed, rows, models[0], part, options, cancellation);
            ScoreMatrix Score(string of, MarginModel model, Func<ScoreMatrix> compute) =>
                rows.Scores($"scores of {of}", part.Count, model.ClassNames.Length, compute);

            var others = models.Zip(paths).Skip(1).Select(other => (
                Name: other.Second,
                Clean: Score($"clean images by {other.Second}", other.First,
                    () => other.First.Network.Score(part, cancellation: cancellation)),
                Attacked: Score($"attacked images by {other.Second}", other.First,
                    () => result.Images.Score(other.First.Network, cancellation: cancellation)))).ToArray();
            if (rows.ArePart)
            {
                return;
            }

            Save(result, images, file);
            WarnIfStuck(error, result, options);
            var table = new AttackTable(
                AttackSettings.Describe(options), $"{images.Count} {split} images of {dataset.Name}", new(result.StuckCount, images.Count));
            table.Add(path, Accuracy(result.CleanScores, images), Accuracy(result.AttackedScores, images));
            foreach (var (name, clean, attacked) in others)
            {
                table.Add(name, Accuracy(clean, images), Accuracy(attacked, images));
            }

            if (_html.File(parsed) is { } page)
            {
                Samples Of(ScoreMatrix scores) =>
                    Samples.FromModel(scores, images.Labels, models[0].ClassNames, path).From(images);

                new AttackPage(
                    Of(result.CleanScores), Of(result.AttackedScores).Showing(Pictures.Of(result.Images)), table,
                    AttackSettings.Describe(options), result.StuckCount, _html.Thumbnails(parsed))
                    .Compose($"of {dataset.Name} ({split})", CommandText.Of(parsed))
                    .Save(page);
            }

            Write(parsed, table, file);
        }
        finally
        {
            models.ForEach(model => model.Dispose());
        }
    }

    /// <summary>Attacks the images that are worked on here.</summary>
    private static AttackResult Run(
        ParseResult parsed, Rows rows, MarginModel model, ImageSet part, AttackOptions options, CancellationToken cancellation)
    {
        var display = new AttackDisplay(parsed.Notes(), part.Count);
        var run = new Lazy<AttackResult>(() => Attack.Run(model.Network, part, options, display, cancellation));
        ScoreMatrix Scores(string of, Func<ScoreMatrix> compute) =>
            rows.Scores($"scores of {of}", part.Count, model.ClassNames.Length, compute);

        return new(
            rows.Images("attacked images", part, () => run.Value.Images),
            Scores("clean images", () => run.Value.CleanScores),
            Scores("attacked images", () => run.Value.AttackedScores),
            rows.Take("stuck images", part.Count, () => new[] { run.Value.StuckCount }).Sum());
    }

    private static void ThrowIfNotWritable(string? images)
    {
        if (images is not null && !ImageArrayFile.IsOne(images))
        {
            throw new UserErrorException(
                $"--out is '{images}': expected a name that ends in .npy, for bytes would not keep the images as attacked.");
        }

        foreach (var file in new[] { images, images is null ? null : ImageArrayFile.LabelsOf(images) }.OfType<string>())
        {
            AtomicFile.ThrowIfNotWritable(file);
        }
    }

    private static void Save(AttackResult result, ImageSet images, string? file)
    {
        if (file is not null)
        {
            result.Images.Save(file);
            ArrayFile.WriteLabels(ImageArrayFile.LabelsOf(file), images.Labels);
        }
    }

    private static void WarnIfStuck(TextWriter error, AttackResult result, AttackOptions options)
    {
        if (result.StuckCount > 0)
        {
            var cure = options.Objective == AttackObjective.CrossEntropy
                ? "a saturated softmax does that, as large margins make it; try --objective logit-difference"
                : "the network hides its gradients";
            error.WriteLine($"warning: the gradient is exactly zero at {result.StuckCount} of {result.Images.Count} images, "
                + $"so these show no robustness: {cure}.");
        }
    }

    private void Write(ParseResult parsed, AttackTable table, string? file)
    {
        _json.Report(parsed, table.Write, output =>
        {
            table.Write(output);
            if (file is not null)
            {
                output.WriteLine($"\nwritten     {file}, {ImageArrayFile.LabelsOf(file)}");
            }
        });
    }

    private static Proportion Accuracy(ScoreMatrix scores, ImageSet images)
    {
        var right = 0;
        var (classes, _) = scores.Decisions();
        for (var i = 0; i < classes.Length; i++)
        {
            right += classes[i] == images.Labels[i] ? 1 : 0;
        }

        return new(right, classes.Length);
    }
}
