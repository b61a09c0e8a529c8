using System.CommandLine;
using MarginNet.Cli.Input;
using MarginNet.Cli.Options;
using MarginNet.Cli.Output;
using MarginNet.Cli.Pages;
using MarginNet.Evaluation;
using MarginNet.Margins;
using MarginNet.ModelFiles;
using MarginNet.PValues;

namespace MarginNet.Cli.Commands;

/// <summary><c>marginnet evaluate</c>: how good a classifier's decisions, margins and probabilities are.</summary>
internal sealed class EvaluateCommand : Command
{
    private const double LargeError = 0.1;
    private const int FewSamples = 200; // whose calibration error is mostly chance

    private readonly SampleOptions _samples = new("test (default) or train.", ["test", "train"], "", needsCalibration: false);
    private readonly Option<double?> _mu = Number.Optional<double>(
        "--mu", "The margin that every sample should have, in logits; by default the one the model was trained with.", _ => true,
        "a number");
    private readonly Option<int> _bins = Number.Count(
        "--bins", "Equally wide bins of confidence for the calibration error.", new EvaluationOptions().CalibrationBins, most: 10_000);
    private readonly Option<string?> _calibration = new("--calibration")
    {
        Description = "With --logits: what 'marginnet calibrate --temperature' wrote, "
            + "for the temperature of confidences (a model has its own).",
    };
    private readonly JsonOption _json = new();
    private readonly HtmlOption _html = new();
    private readonly LogitsOutOption _logitsOut = new();

    public EvaluateCommand()
        : base(
            "evaluate",
            "Accuracy with its interval, by class and confusion, margins, constraints met, and calibration of the probabilities.")
    {
        _samples.AddTo(this);
        Option[] options = [_mu, _bins, _calibration];
        Array.ForEach(options, Add);
        _json.AddTo(this);
        _html.AddTo(this);
        _logitsOut.AddTo(this);
        SetAction(RunAsync);
    }

    private async Task RunAsync(ParseResult parsed, CancellationToken cancellation)
    {
        var useLogits = _samples.UseLogits(parsed, [], [_calibration]);
        _json.ThrowIfNotWritable(parsed);
        _html.ThrowIfNotWritable(parsed);
        _logitsOut.ThrowIfNotWritable(parsed);

        if (useLogits)
        {
            Report(
                parsed, _samples.ReadLogits(parsed), _samples.LogitsPath(parsed), trainedMargin: null, ReadTemperature(parsed),
                "--logits FILE --labels FILE --out null.json --held-out");
            return;
        }

        using var model = _samples.LoadModel(parsed);
        var (samples, images) = await _samples.ScoreAsync(parsed, model, prover: null, cancellation);
        if (parsed.Rows().ArePart)
        {
            return;
        }

        NoteHeldOut(parsed, model);
        var evaluated = images is null ? samples.Source : $"its {_samples.Split(parsed) ?? "test"} images";
        Report(
            parsed, samples, $"{_samples.ModelPath(parsed)} on {evaluated}", model.Training.GetValueOrDefault("mu") as double?,
            model.NullModel?.Temperature, $"--model {_samples.ModelPath(parsed)}");
    }

    private double? ReadTemperature(ParseResult parsed)
    {
        if (parsed.GetValue(_calibration) is not { } path)
        {
            return null;
        }

        return !File.Exists(path)
            ? throw new UserErrorException($"--calibration '{path}' does not exist: make it with 'marginnet calibrate --logits FILE "
                + $"--labels FILE --temperature --out {path}'.")
            : MarginNullModel.Load(path).Temperature ?? throw new UserErrorException(
                $"--calibration '{path}' has no temperature: make it with 'marginnet calibrate --temperature'.");
    }

    private void Report(ParseResult parsed, Samples samples, string subject, double? trainedMargin, double? temperature, string calibrated)
    {
        samples.ThrowIfUnlabelled("--labels");
        _logitsOut.Write(parsed, samples);
        var options = new EvaluationOptions
        {
            TargetMargin = parsed.GetValue(_mu) ?? trainedMargin,
            CalibrationBins = parsed.GetValue(_bins),
            Temperature = temperature ?? 1,
        };
        var report = EvaluationReport.Compute(samples.ToScores(), samples.Labels, options);
        var table = new EvaluationTable(report, samples.ClassNames, subject, temperature);
        if (report.ExpectedCalibrationError > LargeError && samples.Count >= FewSamples && temperature is null && samples.Kind == ScoreKind.Logits)
        {
            parsed.Note(FormattableString.Invariant(
                $"a calibration error of {report.ExpectedCalibrationError:f2} means that softmax confidences are no probabilities (margins and p-values are not concerned): 'marginnet calibrate {calibrated} --temperature' fits the temperature that mends them, and evaluate uses it{(calibrated.StartsWith("--logits", StringComparison.Ordinal) ? " by --calibration null.json" : "")}."));
        }

        if (_html.File(parsed) is { } page)
        {
            new EvaluationPage(report, samples, temperature, _html.Thumbnails(parsed))
                .Compose(_samples.Describe(parsed), CommandText.Of(parsed))
                .Save(page);
        }

        _json.Report(parsed, table.Write, table.Write);
    }

    private void NoteHeldOut(ParseResult parsed, MarginModel model)
    {
        if (_samples.Split(parsed) == "train" && model.Training.GetValueOrDefault("held_out_count") is long and > 0 and var count)
        {
            parsed.Note(
                $"{count} of the training images were kept out of training, for calibration, and are evaluated with the others.");
        }
    }
}
