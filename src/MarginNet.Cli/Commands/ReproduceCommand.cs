using System.CommandLine;
using System.CommandLine.Parsing;
using System.Text.Json;
using MarginNet.Attacks;
using MarginNet.Checkpoints;
using MarginNet.Cli.Figures;
using MarginNet.Cli.Options;
using MarginNet.Cli.Output;
using MarginNet.Cli.Pages;
using MarginNet.Cli.Report;
using MarginNet.Cli.Reproduction;
using MarginNet.Data;

namespace MarginNet.Cli.Commands;

/// <summary><c>marginnet reproduce</c>: the paper's experiment from the images to a report.</summary>
internal sealed class ReproduceCommand : Command
{
    private const double PapersEpsilon = 0.1;

    private static readonly (int Height, int Width) ImageSize = (32, 32);

    private readonly Option<string> _preset = new("--preset")
    {
        Description = "cpu (all of CIFAR-10, networks and schedule for a CPU), paper (ResNet-18, 200 epochs: "
            + "a day of a GPU) or smoke (drawn shapes, less than a minute).",
        DefaultValueFactory = _ => Presets.All[0].Name,
    };

    private readonly Option<int> _seeds = Number.Count("--seeds", "Repeat with the seeds 0 to N - 1, and report means with intervals.", 1);
    private readonly Option<int?> _epochs = Number.Optional<int>(
        "--epochs", "Epochs of each training, instead of the preset's.", value => value >= 1, "a whole number, at least 1");
    private readonly Option<double> _epsilon = Number.Positive("--epsilon", "How much FGSM changes each pixel in [0,1].", PapersEpsilon);
    private readonly Option<int> _resamples =
        Number.Count("--resamples", "Bootstrap draws for the intervals of detectors.", 1000, most: 1_000_000);
    private readonly Option<string?> _out = new("--out", "-o")
    {
        Description = "The folder for the models, scores, figures and the report. Default reproduction-PRESET.",
        // Its value may be none that is known.
        DefaultValueFactory = result =>
            $"reproduction-{(result.GetResult("--preset") is OptionResult { Tokens: [var preset] } ? preset.Value : Presets.All[0].Name)}",
    };

    private readonly Option<bool> _force = new("--force") { Description = "Compute everything again, whatever an earlier run has left." };
    private readonly DataOptions _data = new("the preset's");
    private readonly DeviceOptions _device = new();
    private readonly JsonOption _json = new();

    public ReproduceCommand()
        : base(
            "reproduce",
            "Run the paper's experiment, and write its tables and figures as a report; an interrupted run goes on where it stopped.")
    {
        _preset.AcceptOnlyFromAmong([.. Presets.All.Select(preset => preset.Name)]);
        Option[] options = [_preset, _seeds, _epochs, _epsilon, _resamples, _out, _force];
        Array.ForEach(options, Add);
        _data.AddTo(this);
        _device.AddTo(this);
        _json.AddTo(this);
        SetAction(RunAsync);
    }

    private async Task RunAsync(ParseResult parsed, CancellationToken cancellation)
    {
        var error = parsed.InvocationConfiguration.Error;
        var preset = ReadPreset(parsed);
        var folder = parsed.GetValue(_out)!;
        Directory.CreateDirectory(folder);
        using var onlyRun = new OutputLock(folder, Path.Combine(folder, "reproduce.lock"));
        if (onlyRun.Remark is { } remark)
        {
            await parsed.Notes().WriteLineAsync(remark);
        }

        var (report, results) = (Path.Combine(folder, "report.html"), Path.Combine(folder, "results.json"));
        AtomicFile.ThrowIfNotWritable(report);
        _json.ThrowIfNotWritable(parsed);
        var device = _device.Select(parsed);
        var data = Limit(preset, await _data.LoadAsync(parsed, new(preset.Data, ImageSize, Channels: 3), cancellation));
        parsed.WarnOfDistance(_epsilon.Name, parsed.GetValue(_epsilon), AttackNorm.Linf, pixelCount: 1);
        var settings = new ExperimentSettings(
            preset.Name, preset.Network, parsed.GetValue(_epsilon), parsed.GetValue(_seeds), parsed.GetValue(_resamples));
        var experiment =
            new Experiment(preset, settings, data, device, folder, parsed.GetValue(_force), parsed.IsQuiet(), error, cancellation);
        var kept = $"What is finished stays in {folder}: the same command goes on from there.";
        using var lastResort = parsed.Interruption()?.OnLastResort(() => kept);
        try
        {
            var result = experiment.Run();
            AtomicFile.Write(results, stream => JsonSerializer.Serialize(stream, result.ToJson(), ResultJson.Options));
            var store = experiment.Store(seed: 0);
            var figures = ExperimentFigures.Draw(result, run => NetworkScores.Load(store, new(run.Key), data), data.ClassNames);
            figures.Save(Path.Combine(folder, "figures"));
            ReportPage.Compose(result, figures, CommandText.Of(parsed)).Save(report);
            _json.Report(
                parsed, json => JsonSerializer.Serialize(json, result.ToJson(), ResultJson.Options),
                output => ResultTable.Write(output, result));
            await _json.Remarks(parsed).WriteLineAsync($"written {report}, {results}, {Path.Combine(folder, "figures")}; models, "
                + $"scores and null models in {Path.Combine(folder, "seed-*")}");
        }
        catch (Exception e) when (e is OperationCanceledException || ModelDestination.IsOfDisk(e))
        {
            await error.WriteLineAsync(kept);
            throw;
        }
    }

    private Preset ReadPreset(ParseResult parsed)
    {
        var preset = Presets.All.Single(candidate => candidate.Name == parsed.GetValue(_preset));
        return parsed.GetValue(_epochs) is { } epochs
            ? preset with { Runs = [.. preset.Runs.Select(run => run with { Options = run.Options with { Epochs = epochs } })] }
            : preset;
    }

    private static ImageDataset Limit(Preset preset, ImageDataset data) => data with
    {
        Train = preset.MostTrain is { } train ? data.Train.TakeBalanced(train) : data.Train,
        Test = preset.MostTest is { } test ? data.Test.TakeBalanced(test) : data.Test,
    };
}
