using System.Collections.Immutable;
using System.CommandLine;
using MarginNet.Arrays;
using MarginNet.Checkpoints;
using MarginNet.Cli.Figures;
using MarginNet.Cli.Input;
using MarginNet.Cli.Options;
using MarginNet.Cli.Output;
using MarginNet.Cli.Pages;
using MarginNet.Data;
using MarginNet.Detection;
using MarginNet.Evaluation;
using MarginNet.ModelFiles;
using MarginNet.PValues;

namespace MarginNet.Cli.Commands;

/// <summary><c>marginnet calibrate</c>: fits the null model of margins,
/// and chooses the threshold below which a p-value flags its sample.</summary>
internal sealed class CalibrateCommand : Command
{
    private const string Test = "test";
    private const string Train = "train";
    private const string HeldOut = "held-out";
    private const string Margin = "margin";
    private const string Radius = "radius";

    private readonly SampleOptions _samples = new(
        "What to calibrate on: held-out (what 'marginnet train --calibration-split' kept out, the default where it did), "
        + "train (the default elsewhere) or test.", [HeldOut, Train, Test], "", needsCalibration: false, takesImages: false);

    private readonly RuleOptions _rule = new();
    private readonly Option<string?> _rulesLogits = new("--rule-logits")
    {
        Description = "With --logits: the logits of other samples, for --rule fpr, youden and cost (a model's are its test samples).",
    };
    private readonly Option<string?> _rulesLabels = new("--rule-labels") { Description = "The true classes of --rule-logits." };
    private readonly Option<string?> _atypicalLogits = new("--atypical-logits")
    {
        Description = "With --logits: the logits of samples that should be flagged, such as attacked or foreign ones; "
            + "by default the wrong decisions should.",
    };
    private readonly AtypicalOptions _atypical = new();
    private readonly Option<bool> _areHeldOut = new("--held-out")
    {
        Description = "The --logits are of samples kept out of training, for which p-values are honest.",
    };
    private readonly Option<string> _statistic = new("--statistic")
    {
        Description = "What the null model is of: margin (the default), or radius, the class-purity radius that is certified of each "
            + "decision, of which 'pvalue' and 'detect' then are, too.",
        DefaultValueFactory = _ => Margin,
    };
    private readonly CertificateSettings _radius = new(isStatistic: true);
    private readonly Option<bool> _temperature = new("--temperature")
    {
        Description = "Also fit the temperature that makes softmax confidences honest (least negative log-likelihood), "
            + "which 'marginnet evaluate' then uses.",
    };

    private readonly Option<bool> _keepsSets = new("--keep-sets")
    {
        Description = "Also keep what 'marginnet pvalue --sets' needs of the samples: three numbers of each.",
    };

    private readonly Option<string[]> _confidences = new Option<string[]>("--confidence")
    {
        Description = "Also keep these scores of the right decisions, of which 'marginnet pvalue --confidence' then has p-values: "
            + $"{string.Join(", ", ConfidenceRank.Names)}.",
        AllowMultipleArgumentsPerToken = true,
    }.AcceptOnlyFromAmong(ConfidenceRank.Names);

    private readonly WeightsOption _weights = new("What --keep-sets and --confidence keep then holds there, by weights of 'pvalue', too.");

    private readonly Option<string?> _out = new("--out", "-o")
    {
        Description = "The file to write: a .json null model for --logits, a model file for --model, by default the model itself, "
            + "or where another program wrote it MODEL.margins.json beside it.",
    };
    private readonly Option<string?> _plot = new("--plot")
    {
        Description = "Also draw the calibration p-values of each class against the uniform distribution (a P-P plot), as .png or .svg.",
    };
    private readonly JsonOption _json = new();
    private readonly HtmlOption _html = new();

    public CalibrateCommand()
        : base("calibrate", "Fit the null model of margins, and choose the threshold that flags atypical samples.")
    {
        _statistic.AcceptOnlyFromAmong(Margin, Radius);
        _samples.AddTo(this);
        _rule.AddTo(this);
        Option[] options =
        [
            _rulesLogits, _rulesLabels, _atypicalLogits, .. _atypical.All, _areHeldOut, _statistic, .. _radius.Options, _temperature,
            _confidences, _keepsSets, _weights.Option, _out, _plot,
        ];
        Array.ForEach(options, Add);
        _json.AddTo(this);
        _html.AddTo(this);
        SetAction(RunAsync);
    }

    private async Task RunAsync(ParseResult parsed, CancellationToken cancellation)
    {
        var isSupervised = _rule.IsSupervised(parsed);
        _json.ThrowIfNotWritable(parsed);
        _html.ThrowIfNotWritable(parsed);
        if (parsed.GetValue(_plot) is { } picture)
        {
            PlotFile.ThrowIfOtherKind(picture);
        }

        var isOfRadii = parsed.GetValue(_statistic) == Radius;
        if (!isOfRadii && Array.Find(_radius.Options, parsed.IsGiven) is { } idle)
        {
            throw new UserErrorException($"{idle.Name} has no effect without --statistic radius: leave it out, or add that.");
        }

        if (_weights.IsGiven(parsed) && !parsed.GetValue(_keepsSets) && parsed.GetValue(_confidences)!.Length == 0)
        {
            throw new UserErrorException(
                $"{WeightsOption.Name} has no effect without --keep-sets or --confidence: leave it out, or add one.");
        }

        if (_samples.UseLogits(parsed, _atypical.All, [_rulesLogits, _rulesLabels, _atypicalLogits, _areHeldOut]))
        {
            CalibrateLogits(parsed, isOfRadii
                ? throw new UserErrorException("--statistic radius needs the network and its images, --model: logits have margins alone.")
                : isSupervised);
        }
        else
        {
            await CalibrateModelAsync(parsed, isSupervised, isOfRadii, cancellation);
        }
    }

    private void CalibrateLogits(ParseResult parsed, bool isSupervised)
    {
        var (logits, labels) = (parsed.GetValue(_rulesLogits), parsed.GetValue(_rulesLabels));
        var areComplete = logits is null ? labels is null : labels is not null || FdShiftsFile.IsOne(logits);
        if (!_samples.HasLabels(parsed) || !areComplete)
        {
            throw new UserErrorException(_samples.HasLabels(parsed)
                ? "--rule-logits and --rule-labels go together: give both or none."
                : "--logits need --labels, the true class of each row.");
        }

        if (isSupervised == logits is null)
        {
            throw new UserErrorException(isSupervised
                ? "This --rule needs samples other than those calibrated on: give --rule-logits and --rule-labels."
                : "--rule alpha needs no --rule-logits: leave them out, or choose --rule fpr, youden or cost.");
        }

        var file = parsed.GetValue(_out)
            ?? throw new UserErrorException("--logits need --out, the null model to write, such as null.json.");
        AtomicFile.ThrowIfNotWritable(file);
        var samples = _samples.ReadLogits(parsed);
        var others = isSupervised ? _samples.ReadLogits(parsed, logits!, labels) : samples;
        var atypical = parsed.GetValue(_atypicalLogits) is { } path ? _samples.ReadLogits(parsed, path, labelsPath: null) : null;
        samples.ThrowIfUnlabelled("--labels");
        others.ThrowIfUnlabelled("--rule-labels");
        ThrowIfOtherClasses(samples, others);
        ThrowIfOtherClasses(samples, atypical ?? samples);
        var weights = _weights.Read(parsed, samples);
        var nullModel = Calibrate(
            parsed, samples, weights, others, atypical,
            new() { Source = parsed.GetValue(_areHeldOut) ? CalibrationSource.HeldOut : CalibrationSource.Training });
        nullModel.Save(file);
        Report(parsed, nullModel, samples, weights, others, atypical, file);
    }

    private static void ThrowIfOtherClasses(Samples samples, Samples others)
    {
        if (others.ClassNames.Length != samples.ClassNames.Length)
        {
            throw new UserErrorException($"{others.Source} has logits of {others.ClassNames.Length} classes, "
                + $"but {samples.Source} of {samples.ClassNames.Length}: give logits of the same network.");
        }
    }

    private async Task CalibrateModelAsync(
        ParseResult parsed, bool isSupervised, bool isOfRadii, CancellationToken cancellation)
    {
        _atypical.ThrowIfSeveral(parsed);
        var radius = isOfRadii ? _radius.ReadStatistic(parsed) : default;
        using var model = _samples.LoadModel(parsed);
        var (path, file) = (_samples.ModelPath(parsed), parsed.GetValue(_out));
        AtomicFile.ThrowIfNotWritable(file ?? (model.IsForeign ? CalibrationFile.PathFor(path) : path));
        using var prover = isOfRadii // First: it may refuse.
            ? SampleOptions.Prover(model, radius.Method, radius.Norm, radius.IsCut, cancellation) : null;
        _samples.KeepPictures(parsed, model);
        var name = _samples.Split(parsed) ?? (TrainingImages.HeldOutShare(model) > 0 ? HeldOut : Train);
        var dataset = await _samples.LoadDataAsync(parsed, model, isTrainUsed: name != Test, cancellation);
        var images = name == Test ? dataset.Test : Part(parsed, model, dataset.Train, isHeldOut: name == HeldOut);
        var samples = _samples.ScoreImages(parsed, model, images, $"{name} samples", prover, cancellation);
        var others = isSupervised
            && name != Test ? _samples.ScoreImages(parsed, model, dataset.Test, "test samples", prover, cancellation) : samples;
        var attacked = _atypical.Attacked(parsed, _samples, model, isSupervised ? dataset.Test : images, prover, cancellation);
        var atypical = attacked.Concat(_atypical.Foreign(parsed, _samples, model, prover, cancellation)).SingleOrDefault()?.Samples;
        if (parsed.Rows().ArePart)
        {
            return;
        }

        var earlier = model.NullModel?.Temperature;
        var options = new MarginNullOptions
        {
            Source = name == Train ? CalibrationSource.Training : CalibrationSource.HeldOut,
            Precision = model.Network.Precision,
            Averaging = model.Network.Averaging,
            Radii = prover is null ? null : SampleOptions.OriginOf(prover),
        };
        var weights = _weights.Read(parsed, samples);
        var nullModel = Calibrate(parsed, samples, weights, others, atypical, options);
        nullModel = nullModel.WithTemperature(nullModel.Temperature ?? earlier);
        model.NullModel = nullModel;
        if (file is not null)
        {
            model.Save(file);
        }

        Report(parsed, nullModel, samples, weights, others, atypical, file ?? model.SaveCalibration(path));
    }

    private MarginNullModel Calibrate(
        ParseResult parsed, Samples samples, double[]? weights, Samples others, Samples? atypical, MarginNullOptions options)
    {
        var nullModel =
            MarginNullModel.Fit(samples.Statistic, samples.Predicted, samples.Labels, samples.ClassNames.Length, options);
        var scores = samples.FitScores();
        var confidences = parsed.GetValue(_confidences)!.Distinct().Select(ConfidenceRank.Parse).ToImmutableDictionary(
            score => score, score => ConfidenceRank.Fit(samples, scores, score, weights));
        nullModel = nullModel.WithRule(_rule.Choose(parsed, nullModel, others, atypical)).WithScores(scores).WithConfidences(confidences)
            .WithSets(parsed.GetValue(_keepsSets) ? ClassSets.Keep(samples.Logits, samples.Labels, scores.Temperature, weights) : null);
        return parsed.GetValue(_temperature) ? nullModel.WithTemperature(scores.Temperature) : nullModel;
    }

    private void Report(
        ParseResult parsed, MarginNullModel nullModel, Samples samples, double[]? weights, Samples others, Samples? atypical, string file)
    {
        var picture = parsed.GetValue(_plot);
        if (picture is not null)
        {
            using var plot = UniformityPlot.Draw(nullModel, samples.ClassNames);
            PlotFile.Save(plot, picture);
        }

        if (_html.File(parsed) is { } page)
        {
            new CalibrationPage(nullModel, samples, _rule.Describe(parsed), _html.Thumbnails(parsed))
                .Compose($"by {samples.Source}{(_samples.ModelPath(parsed) is { } model ? $" of {Path.GetFileName(model)}" : "")}", CommandText.Of(parsed))
                .Save(page);
        }

        var summary = new CalibrationSummary(
            nullModel, samples, others, atypical, _rule.IsSupervised(parsed), _rule.Describe(parsed),
            picture is null ? file : $"{file}, {picture}")
        {
            Weights = weights,
            Mended = parsed.GetValue(_temperature) ? (Evaluate(1), Evaluate(nullModel.Temperature!.Value)) : null,
        };
        CalibrationWarnings.WriteLines(parsed, CalibrationWarnings.OfFit(nullModel, samples.ClassNames));
        CalibrationWarnings.WriteLines(parsed, CalibrationWarnings.OfScoring(nullModel, nullModel.Rule!, samples.ClassNames));
        if (parsed.GetValue(_temperature) && nullModel.Source == CalibrationSource.Training)
        {
            parsed.Warn("the temperature is fitted to samples the network was trained on, of which it is too sure: "
                + "confidences of fresh ones come out too high.");
        }

        if (parsed.GetValue(_keepsSets) && nullModel.Source == CalibrationSource.Training)
        {
            parsed.Warn("sets are calibrated on samples the network was trained on, of which it is too sure: "
                + "the true class of fresh ones is in them less often than they say.");
        }

        if (nullModel.Confidences.ContainsKey(ConfidenceScore.RelU))
        {
            parsed.Warn("rel-u is fitted to the samples that it is ranked among, and flags a little more than alpha says: calibrate on "
                + "thousands of samples, or choose another score.");
        }

        if (summary.Mended is var (before, after) && after.ExpectedCalibrationError > before.ExpectedCalibrationError)
        {
            parsed.Warn("the temperature raises the likelihood, but not the calibration error: "
                + "one number does not make these confidences probabilities.");
        }

        _json.Report(parsed, summary.Write, summary.Write);

        EvaluationReport Evaluate(double temperature) =>
            EvaluationReport.Compute(samples.ToScores(), samples.Labels, new() { Temperature = temperature });
    }

    /// <summary>The training images that training kept out, or the others.</summary>
    private ImageSet Part(ParseResult parsed, MarginModel model, ImageSet images, bool isHeldOut)
    {
        if (isHeldOut && TrainingImages.HeldOutShare(model) == 0)
        {
            throw new UserErrorException(
                $"'{_samples.ModelPath(parsed)}' was trained without --calibration-split, so it kept no samples out: "
                + "use --split train or test.");
        }

        var (trained, heldOut) = (model.Training.GetValueOrDefault("train_count"), model.Training.GetValueOrDefault("held_out_count"));
        return TrainingImages.Part(model, images, isHeldOut) ?? throw new UserErrorException(
            $"'{_samples.ModelPath(parsed)}' was trained on {trained} images with {heldOut} kept out, "
            + $"but the data has {images.Count} to part: "
            + "give the data it was trained on, without --limit-train, or --split test.");
    }
}
