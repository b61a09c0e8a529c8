using System.CommandLine;
using MarginNet.Backdoors;
using MarginNet.Checkpoints;
using MarginNet.Cli.Options;
using MarginNet.Cli.Output;
using MarginNet.Cli.Pages;
using MarginNet.Margins;
using MarginNet.ModelFiles;
using MarginNet.Models;

namespace MarginNet.Cli.Commands;

/// <summary><c>marginnet backdoor</c>: tests a model for a backdoor by the largest margin of each class, and repairs it.</summary>
internal sealed class BackdoorCommand : Command
{
    private const double DefaultAlpha = 0.05;

    private static readonly MaximumMarginOptions Default = new();

    private readonly Option<string> _model = new("--model", "-m")
    {
        Description = "The model file that 'marginnet train' or 'marginnet import' wrote, "
            + "or one of another program that 'marginnet import' takes.",
        Required = true,
    };

    private readonly Option<double> _alpha =
        Number.Fraction("--alpha", "The largest calibrated p-value that a backdoor is suspected at.", DefaultAlpha);
    private readonly Option<int> _steps = Number.Count("--steps", "Steps of the gradient ascent from each start, at most.", Default.Steps);
    private readonly Option<double> _stepSize = Number.Positive(
        "--step-size", "The length of a step: root mean square, in [0,1] pixels.", Default.StepSize);
    private readonly Option<int> _restarts = Number.Count("--restarts", "Random starts for each class.", Default.Starts);
    private readonly Option<int> _seed = Number.CountOrNone("--seed", "Seed of the random starts.", Default.Seed);
    private readonly RepairOptions _repair = new();
    private readonly ForeignOptions _foreign = new();
    private readonly DeviceOptions _device = new();
    private readonly Option<string?> _output = new("--output", "-o")
    {
        Description = "Write one line for each class, with its largest margin and how rare that is under the null, to this CSV file.",
    };

    private readonly JsonOption _json = new();
    private readonly HtmlOption _html = new();

    public BackdoorCommand()
        : base(
            "backdoor",
            "Test a model for a backdoor by the largest margin of each class (MM-BD), without data; repair it by clean images.")
    {
        Option[] options = [_model, _alpha, _steps, _stepSize, _restarts, _seed];
        Array.ForEach(options, Add);
        _repair.AddTo(this);
        _foreign.AddTo(this);
        _device.AddTo(this);
        Add(_output);
        _json.AddTo(this);
        _html.AddTo(this);
        SetAction(RunAsync);
    }

    private async Task RunAsync(ParseResult parsed, CancellationToken cancellation)
    {
        var path = parsed.GetValue(_model)!;
        ThrowIfNotWritable(parsed);
        using var model = _foreign.Load(parsed, path, _device.Select(parsed));
        ModelFit.ThrowIfNotDifferentiable(model, path, "marginnet backdoor");
        var options = Default with
        {
            Steps = parsed.GetValue(_steps),
            StepSize = parsed.GetValue(_stepSize),
            Starts = parsed.GetValue(_restarts),
            Seed = parsed.GetValue(_seed),
        };
        var (height, width) = model.ImageSize;
        var test = MaximumMarginTest.Run(
            model.Network, model.Channels, height, width, options,
            new CountDisplay(parsed.Notes(), "searched", "classes", model.ClassNames.Length), cancellation);
        WarnOfProbabilities(parsed, model, path, test);
        var repair = await _repair.RunAsync(parsed, model, path, cancellation);
        var table = new BackdoorTable(test, model.ClassNames, parsed.GetValue(_alpha), repair);
        if (parsed.GetValue(_output) is { } file)
        {
            table.Save(file);
        }

        if (_html.File(parsed) is { } page)
        {
            new BackdoorPage(test, table, model.ClassNames, _html.Thumbnails(parsed))
                .Compose(Path.GetFileName(path), CommandText.Of(parsed))
                .Save(page);
        }

        _json.Report(parsed, table.Write, table.Write);
    }

    private void ThrowIfNotWritable(ParseResult parsed)
    {
        if (parsed.GetValue(_output) is { } file)
        {
            if (Path.GetExtension(file) is not ".csv")
            {
                throw new UserErrorException($"--output is '{file}': expected a name that ends in .csv.");
            }

            AtomicFile.ThrowIfNotWritable(file);
        }

        _repair.ThrowIfIncomplete(parsed);
        _json.ThrowIfNotWritable(parsed);
        _html.ThrowIfNotWritable(parsed);
    }

    private static void WarnOfProbabilities(ParseResult parsed, MarginModel model, string path, MaximumMarginTest test)
    {
        if (ScoreKinds.Guess(test.Patterns.Score(model.Network)) == ScoreKind.Probabilities)
        {
            parsed.Warn($"'{path}' gives probabilities, whose margins end at 1 for every class: give the network without its softmax.");
        }
    }
}
