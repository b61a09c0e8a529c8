using System.CommandLine;
using MarginNet.Backdoors;
using MarginNet.Checkpoints;
using MarginNet.Cli.Output;
using MarginNet.Data;
using MarginNet.ModelFiles;

namespace MarginNet.Cli.Options;

/// <summary>The repair of a model by bounds of its activations: <c>--repair</c>, what it keeps, and on which images.</summary>
internal sealed class RepairOptions
{
    private static readonly ActivationClampOptions Default = new();

    private readonly Option<string?> _file = new("--repair")
    {
        Description = "Learn upper bounds of the activations on clean images, which --data names, "
            + "and write the model with them to this file.",
    };

    private readonly Option<double> _kept = Number.Fraction(
        "--least-kept", "The least share of the clean images whose decisions the repair keeps.", Default.LeastKept);
    private readonly Option<string> _split = new("--split") { Description = "test (default) or train.", DefaultValueFactory = _ => "test" };
    private readonly DataOptions _data = new("none: --repair takes only images that are said to be clean");

    public RepairOptions() => _split.AcceptOnlyFromAmong("test", "train");

    public void AddTo(Command command)
    {
        command.Add(_file);
        command.Add(_kept);
        command.Add(_split);
        _data.AddTo(command);
    }

    /// <summary>Refuses, before anything is computed, a repair without clean images, and clean images without a repair.</summary>
    public void ThrowIfIncomplete(ParseResult parsed)
    {
        if (parsed.GetValue(_file) is not { } file)
        {
            if (_data.All.Append(_kept).Append(_split).FirstOrDefault(parsed.IsGiven) is { } idle)
            {
                throw new UserErrorException($"{idle.Name} is for --repair: give --repair FILE, or leave it out; the test needs no data.");
            }

            return;
        }

        if (!_data.IsGiven(parsed))
        {
            throw new UserErrorException("--repair needs clean images: give --data folder --data-dir DIR, with images that you trust.");
        }

        AtomicFile.ThrowIfNotWritable(file);
    }

    /// <summary>Repairs a model and writes it, if that is asked for.</summary>
    /// <returns>What was done; null for nothing.</returns>
    public async Task<RepairSummary?> RunAsync(ParseResult parsed, MarginModel model, string path, CancellationToken cancellation)
    {
        if (parsed.GetValue(_file) is not { } file)
        {
            return null;
        }

        var images = await ReadAsync(parsed, model, path, cancellation);
        var options = Default with { LeastKept = parsed.GetValue(_kept) };
        var clamp = Learn(parsed, model, path, images, options, cancellation);
        using var repaired = new MarginModel(clamp.Network, model.ClassNames, model.ImageSize)
        {
            Training = new(model.Training) { ["repaired_from"] = Path.GetFileName(path) },
        };
        repaired.Save(file);
        if (model.NullModel is not null)
        {
            parsed.Note($"'{file}' has other margins, and is not calibrated: 'marginnet calibrate --model {file}' does so.");
        }

        return new(file, images.Count, clamp.LayerCount, clamp.Tightness, clamp.Kept);
    }

    private async Task<ImageSet> ReadAsync(ParseResult parsed, MarginModel model, string path, CancellationToken cancellation)
    {
        var isTrain = parsed.GetValue(_split) == "train";
        var dataset = await _data.LoadForAsync(parsed, model, path, isTrain, cancellation);
        return isTrain ? dataset.Train : dataset.Test;
    }

    private static ActivationClamp Learn(
        ParseResult parsed, MarginModel model, string path, ImageSet images, ActivationClampOptions options, CancellationToken cancellation)
    {
        try
        {
            return ActivationClamp.Learn(
                model.Network, images, options, new CountDisplay(parsed.Notes(), "clamped", "epochs", options.Epochs), cancellation);
        }
        catch (NotSupportedException e)
        {
            throw new UserErrorException($"'{path}' cannot be repaired: {e.Message}");
        }
    }
}
