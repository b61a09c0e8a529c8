using System.CommandLine;
using MarginNet.Cli.Options;
using MarginNet.Cli.Output;
using MarginNet.Data;
using MarginNet.Models;
using MarginNet.PValues;

namespace MarginNet.Cli.Commands;

/// <summary><c>marginnet pvalue</c>: the margin p-value of every sample.</summary>
internal sealed class PValueCommand : Command
{
    private readonly Option<string> _model = new("--model", "-m") { Description = "The model file that 'marginnet train' wrote.", Required = true };
    private readonly DataOptions _data = new("what the model was trained on");
    private readonly DeviceOptions _device = new();
    private readonly Option<string?> _split = new("--split") { Description = "test (default) or train." };

    private readonly Option<string[]> _images = new("--images")
    {
        Description = "Score these JPEG or PNG files, whose classes are unknown, instead of a data set.",
        AllowMultipleArgumentsPerToken = true,
    };

    private readonly Option<double> _alpha = Number.Fraction("--alpha", "A sample is flagged where its p-value is at most this.", 0.05);

    private readonly Option<string> _tail = new("--tail")
    {
        Description = "The p-value that flags: lower (the share of smaller margins), formula (as printed in the paper, at most 1/2, small for large margins too) or two-sided (twice the formula).",
        DefaultValueFactory = _ => "lower",
    };

    private readonly Option<string?> _output = new("--output", "-o") { Description = "Write the table to this file, .csv or .json; by default it goes to standard output as CSV." };

    public PValueCommand()
        : base("pvalue", "Print the margin p-value of every test sample: how atypically small its margin is.")
    {
        _split.AcceptOnlyFromAmong("test", "train");
        _tail.AcceptOnlyFromAmong("lower", "formula", "two-sided");
        Add(_model);
        Option[] options = [_split, _images, _alpha, _tail, _output];
        Array.ForEach(options, Add);
        _data.AddTo(this);
        _device.AddTo(this);
        SetAction(RunAsync);
    }

    private async Task RunAsync(ParseResult parsed, CancellationToken cancellation)
    {
        var (output, error) = (parsed.InvocationConfiguration.Output, parsed.InvocationConfiguration.Error);
        var path = parsed.GetValue(_model)!;
        var file = parsed.GetValue(_output);
        if (file is not null && Path.GetExtension(file) is not (".csv" or ".json"))
        {
            throw new UserErrorException($"--output is '{file}': expected a name that ends in .csv or .json.");
        }

        using var model = MarginModel.Load(path, _device.Select(parsed));
        var nullModel = model.NullModel ?? throw new UserErrorException($"'{path}' has no null model, since its training was interrupted: train it to the end.");
        var images = await LoadAsync(parsed, model, path, error, cancellation);
        var scores = model.Network.Score(images, cancellation: cancellation);
        var tail = parsed.GetValue(_tail) switch { "formula" => PValueTail.Formula, "two-sided" => PValueTail.TwoSided, _ => PValueTail.Lower };
        var table = PValueTable.Compute(scores, images.Labels, nullModel, model.ClassNames, tail, parsed.GetValue(_alpha));
        if (file is null)
        {
            table.WriteCsv(output);
        }
        else
        {
            table.Save(file);
        }

        PValueSummary.Write(file is null ? error : output, table, nullModel, model.ClassNames);
    }

    private async Task<ImageSet> LoadAsync(ParseResult parsed, MarginModel model, string path, TextWriter error, CancellationToken cancellation)
    {
        if (parsed.GetValue(_images) is { Length: > 0 } files)
        {
            if (parsed.GetValue(_split) is not null)
            {
                throw new UserErrorException("--images are scored instead of a --split: leave one of them out.");
            }

            return ImageFolder.ReadImages(files, model.ImageSize.Height, model.ImageSize.Width, cancellationToken: cancellation);
        }

        var trainedOn = model.Training.GetValueOrDefault("data") as string ?? DataOptions.Cifar;
        var dataset = await _data.LoadAsync(parsed, trainedOn, error, cancellation);
        ModelFit.ThrowIfOtherClasses(model, path, dataset);
        return parsed.GetValue(_split) == "train" ? dataset.Train : dataset.Test;
    }
}
