using System.Globalization;
using System.Text.Json;
using MarginNet.Data;
using MarginNet.ModelFiles;
using MarginNet.PValues;
using MarginNet.Training;

namespace MarginNet.Cli.Output;

/// <summary>What a training run came to, as text and as JSON.</summary>
internal sealed class TrainingSummary(MarginModel model, TrainingResult result, TrainingOptions options, OutputFiles files, ImageSet images)
{
    private const int WorstShown = 5;

    public void Write(TextWriter output)
    {
        void Line(FormattableString text) => output.WriteLine(text.ToString(CultureInfo.InvariantCulture));

        var constraints = result.Constraints;
        var isRadius = options.LipschitzMargin > 0;
        Line(
            $"loss              {options.Loss} {options.Loss.Equation}, {(isRadius ? "radius" : "mu")} = {(isRadius ? options.LipschitzMargin : options.TargetMargin)}");
        Line($"training accuracy {model.Metrics["train_accuracy"]:p2}");
        if (model.Metrics["test_accuracy"] is double test)
        {
            Line($"test accuracy     {test:p2}");
        }

        Line(
            $"{(isRadius ? "certified radii  " : "margins met      ")} {constraints.Met} of {constraints.Total} after {result.Rounds} round{(result.Rounds == 1 ? "" : "s")}{Worst}");
        if (!constraints.AllMet)
        {
            var worst = constraints.Violations.Take(WorstShown).Select(violation => string.Create(
                CultureInfo.InvariantCulture, $"{Name(violation.Index)} by {violation.Shortfall:g4} (lambda {violation.DualWeight:g3})"));
            Line($"furthest below {(isRadius ? "it" : "mu")} {string.Join(", ", worst)}; all in {files.Violations}");
        }

        Line(
            $"null model        from {model.NullModel!.Pooled.SampleCount} correct {(model.NullModel.Source == CalibrationSource.HeldOut ? "held-out" : "training")} samples");
        foreach (var warning in CalibrationWarnings.OfFit(model.NullModel, model.ClassNames))
        {
            output.WriteLine(warning);
        }

        Line($"written           {files.Model}, {files.History}");
    }

    /// <summary>What is said of margins that bounds prove in a whole ball.</summary>
    private string Worst => options.Robust is { } robust
        ? string.Create(CultureInfo.InvariantCulture, $", proven at worst within {robust.Epsilon:g3} in linf") : "";

    /// <summary>What an image trained on is called: its number in the data set, and its file.</summary>
    private string Name(int index) =>
        string.Create(CultureInfo.InvariantCulture, $"#{images.Numbers[index]}{(images.Files.IsEmpty ? "" : $" ({images.Files[index]})")}");

    public void Write(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteString("model", files.Model);
        json.WriteString("loss", options.Loss.Name);
        json.WriteNumber("mu", options.TargetMargin);
        json.WriteNumber("rounds", result.Rounds);
        json.WriteNumber("constraints", result.Constraints.Total);
        json.WriteNumber("constraints_met", result.Constraints.Met);
        JsonNumbers.Write(json, "train_accuracy", (double)model.Metrics["train_accuracy"]!);
        JsonNumbers.Write(json, "test_accuracy", model.Metrics["test_accuracy"] as double? ?? double.NaN);
        json.WriteNumber("calibration_samples", model.NullModel!.Pooled.SampleCount);
        json.WriteBoolean("calibrated_on_held_out", model.NullModel.Source == CalibrationSource.HeldOut);
        json.WriteEndObject();
    }
}
