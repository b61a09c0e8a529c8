using System.Collections.Immutable;
using System.CommandLine;
using System.Security.Cryptography;
using MarginNet.Cli.Configuration;
using MarginNet.Cli.Options;
using MarginNet.Cli.Output;
using MarginNet.Data;
using MarginNet.ModelFiles;
using MarginNet.Models;
using MarginNet.PValues;
using MarginNet.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace MarginNet.Cli.Commands;

/// <summary><c>marginnet train</c>: trains a network with a prescribed margin and fits the null model of its margins.</summary>
internal sealed class TrainCommand : Command
{
    private const int DefaultWidth = 64;
    private const int DefaultLipNetWidth = 32;

    private static readonly (int Height, int Width) DefaultImageSize = (32, 32);

    private readonly DataOptions _data = new(DataOptions.Cifar);
    private readonly TrainingSettings _settings = new();
    private readonly CheckpointOptions _checkpoints = new();
    private readonly DeviceOptions _device = new();
    private readonly PrecisionOption _precision = new("In what steps are computed, by default float32; weights and losses are float32;");

    private readonly Option<int?> _width = Number.Optional<int>(
        "--width", $"Channels of the network's first stage. Default {DefaultWidth}, in ResNet-18 as published, there 16 or 32 for a CPU; "
            + $"{DefaultLipNetWidth} in LipNet.", value => value is >= 1 and <= 1024, "a whole number, 1 to 1024");

    private readonly Option<int?> _channels = Number.Optional<int>(
        "--channels",
        "1 trains on grey images (colour becomes 0.299 R + 0.587 G + 0.114 B), 3 on RGB (the default, also of grey pictures), "
        + "4 on RGB and transparency.",
        value => value is 1 or 3 or 4,
        "1, 3 or 4");

    private readonly Option<bool> _rectify = new("--rectify")
    {
        Description = "End the network in a ReLU, so that scores are >= 0 (condition (1)).",
    };
    private readonly Option<string?> _init = new("--init")
    {
        Description = "Start from the network in this model file or ONNX file instead of fresh weights.",
    };

    private readonly Option<double?> _calibrationSplit = Number.Optional<double>(
        "--calibration-split",
        "Keep this share of the training images out of training and calibrate the p-values on them; "
        + "by default they are calibrated on the training images.",
        value => value is > 0 and < 1,
        "a number between 0 and 1");

    private readonly Option<string> _out = new("--out", "-o")
    {
        Description = "The model file to write.",
        DefaultValueFactory = _ => "m.pt",
    };
    private readonly Option<string?> _tensorBoard = new("--tensorboard")
    {
        Description = "Also write each epoch's figures to this folder, for TensorBoard.",
    };
    private readonly JsonOption _json = new();

    public TrainCommand()
        : base("train", "Train a network with a prescribed margin, and fit the null model that its p-values come from.")
    {
        _settings.AddTo(this);
        _checkpoints.AddTo(this);
        _data.AddTo(this);
        _device.AddTo(this);
        Add(_precision);
        Option[] options = [_width, _channels, _rectify, _init, _calibrationSplit, _out, _tensorBoard];
        Array.ForEach(options, Add);
        _json.AddTo(this);
        SetAction(RunAsync);
    }

    private async Task RunAsync(ParseResult parsed, CancellationToken cancellation)
    {
        var error = parsed.InvocationConfiguration.Error;
        using var files = new OutputFiles(parsed.GetValue(_out)!, parsed.Notes());
        _json.ThrowIfNotWritable(parsed);
        var settings = _settings.Read(parsed);
        var options = settings with { Checkpoints = _checkpoints.Read(parsed, files.State, NetworkSettings(parsed, settings)) };
        var device = _device.Select(parsed);
        options = options with { Precision = _precision.ForTraining(parsed, device) };
        _data.ThrowIfNoPictures(parsed, DataOptions.Cifar);
        var dataset =
            await _data.LoadAsync(parsed, new(DataOptions.Cifar, DefaultImageSize, parsed.GetValue(_channels) ?? 3), cancellation);
        var split = Split(dataset.Train, parsed.GetValue(_calibrationSplit), options.Seed);
        var train = dataset.Train.Select(split.Rest.AsSpan());

        using var model = new MarginModel(CreateNetwork(parsed, dataset, train, options), dataset.ClassNames, (train.Height, train.Width))
        {
            Training = TrainingSettings.Describe(
                options, _data.Name(parsed, DataOptions.Cifar), train.Count, split.HeldOut.Length, parsed.GetValue(_calibrationSplit) ?? 0),
        };
        _data.KeepPictures(parsed, model);
        if (options.Checkpoints is { Resume: true, Exist: false } && IsFinished(files.Model, model))
        {
            await error.WriteLineAsync($"{files.Model} is the result of this command: nothing is left to resume.");
            return;
        }

        SaveConfiguration(parsed, options, files.Configuration);
        _settings.Remark(options, parsed.Notes());
        model.Network.to(device);
        var result = Train(parsed, model, train, dataset.Test, options, files, cancellation);
        model.Metrics["train_accuracy"] = result.TrainingScores.Accuracy(train.Labels);
        model.Metrics["test_accuracy"] = result.History[^1].TestAccuracy;
        model.Metrics["constraints"] = (long)result.Constraints.Total;
        model.Metrics["constraints_met"] = (long)result.Constraints.Met;
        model.Metrics["rounds"] = (long)result.Rounds;
        var destination = new ModelDestination(files.Model);
        try
        {
            destination.Save(model); // Whatever calibration makes of it, the network is kept.
            model.NullModel = Calibrate(model.Network, dataset.Train, split, result, cancellation);
            destination.Save(model);
            if (destination.Trouble is null)
            {
                files.WriteViolations(result.Constraints, train, dataset.ClassNames);
            }
        }
        catch (Exception e) when (ModelDestination.IsOfDisk(e))
        {
            var kept = options.Checkpoints is { Exist: true } checkpoints ? $"The trained network is in {checkpoints.Path}: "
                + "see to the disk, then give the same command with --resume."
                : model.NullModel is null ? "" : $"The trained model is whole in {destination.Path}.";
            throw new UserErrorException($"{e.Message} {kept}");
        }

        if (destination.Trouble is { } trouble)
        {
            var resume = options.Checkpoints is { Exist: true } state ? ", or see to the disk and give the same command with --resume, "
                + $"which goes on from {state.Path}" : "";
            throw new UserErrorException(
                $"{trouble} The trained model is whole in {destination.Path} instead: move it where there is room{resume}.");
        }

        options.Checkpoints?.Delete();
        var summary = new TrainingSummary(model, result, options, files, train);
        _json.Report(parsed, summary.Write, summary.Write);
    }

    private static StratifiedSplit Split(ImageSet images, double? heldOutShare, int seed) => heldOutShare is { } share
        ? StratifiedSplit.Compute(images.Labels, share, seed)
        : new([.. Enumerable.Range(0, images.Count)], []);

    /// <summary>What the network starts from, which the state of a run does not tell.</summary>
    private Dictionary<string, object?> NetworkSettings(ParseResult parsed, TrainingOptions options)
    {
        using var init = parsed.GetValue(_init) is { } path && File.Exists(path) ? File.OpenRead(path) : null;
        return new()
        {
            ["network"] = _settings.Architecture(parsed),
            ["width"] = (long)Width(parsed),
            ["rectify"] = parsed.GetValue(_rectify),
            ["output_scale"] = OutputScale(parsed, options),
            ["init"] = init is null ? null : Convert.ToHexStringLower(SHA256.HashData(init)),
        };
    }

    /// <summary>Keeps what was given and what the presets decided, so that a preset of another version does not change the run.</summary>
    private void SaveConfiguration(ParseResult parsed, TrainingOptions options, string path)
    {
        var configuration = RunConfiguration.Of(parsed);
        _settings.Resolve(options, configuration.Set);
        configuration.Set(_out.Name, parsed.GetValue(_out)!);
        _device.Resolve(configuration.Set);
        _precision.Resolve(parsed, options.Precision, configuration.Set);
        configuration.Save(path);
    }

    /// <summary>Whether the file holds what this command would write.</summary>
    private static bool IsFinished(string path, MarginModel model)
    {
        if (!File.Exists(path))
        {
            return false;
        }

        try
        {
            using var found = MarginModel.Load(path);
            return found.NullModel is not null
                && found.Network.GetType() == model.Network.GetType()
                && found.Network.Options.Rectify == model.Network.Options.Rectify
                && Shapes(found.Network).SequenceEqual(Shapes(model.Network))
                && model.Training.All(setting => Equals(setting.Value, found.Training.GetValueOrDefault(setting.Key)));
        }
        catch (InvalidDataException)
        {
            return false; // Something else, or damaged.
        }
    }

    private static IEnumerable<string> Shapes(Classifier network) =>
        network.parameters().Select(parameter => string.Join(',', parameter.shape));

    private Classifier CreateNetwork(ParseResult parsed, ImageDataset dataset, ImageSet train, TrainingOptions options)
    {
        manual_seed(options.Seed);
        var network = parsed.GetValue(_init) is { } path
            ? LoadInitial(parsed, path, dataset)
            : CreateFresh(parsed, dataset, train, options);
        if (options.Loss.NeedsRectifiedScores && !network.Options.Rectify)
        {
            network.Dispose();
            throw new UserErrorException($"--loss {options.Loss} {options.Loss.Equation} needs scores >= 0: add --rectify.");
        }

        return network;
    }

    private int Width(ParseResult parsed) =>
        parsed.GetValue(_width) ?? (_settings.Architecture(parsed) == nameof(LipNet) ? DefaultLipNetWidth : DefaultWidth);

    /// <summary>Scores of a network that is to stay 1-Lipschitz are not scaled unless asked for.</summary>
    private double OutputScale(ParseResult parsed, TrainingOptions options) =>
        _settings.OutputScale(parsed) ?? (_settings.Architecture(parsed) == nameof(LipNet) ? 1 : options.Temperature);

    private Classifier CreateFresh(ParseResult parsed, ImageDataset dataset, ImageSet train, TrainingOptions options)
    {
        var (width, classes, rectify) = (Width(parsed), dataset.ClassNames.Length, parsed.GetValue(_rectify));
        var (scale, statistics) = (OutputScale(parsed, options), ChannelStatistics.Compute(train));
        switch (_settings.Architecture(parsed))
        {
            case nameof(FastNet):
                ThrowIfUnfit(
                    train, "fastnet", $"at least {FastNet.MinImageSize}x{FastNet.MinImageSize}",
                    Math.Min(train.Height, train.Width) >= FastNet.MinImageSize);
                var network = new FastNet(
                    new() { Width = width, ClassCount = classes, Rectify = rectify, OutputScale = scale, Normalization = statistics });
                network.Whiten(train);
                return network;
            case nameof(LipNet):
                ThrowIfUnfit(
                    train, "lipnet", $"multiples of {LipNet.SizeFactor}",
                    train.Height % LipNet.SizeFactor == 0 && train.Width % LipNet.SizeFactor == 0);
                return new LipNet(new()
                {
                    Width = width,
                    ClassCount = classes,
                    Rectify = rectify,
                    OutputScale = scale,
                    Normalization = statistics,
                    ImageSize = (train.Height, train.Width),
                });
            default:
                return new ResNet18(
                    new() { Width = width, ClassCount = classes, Rectify = rectify, OutputScale = scale, Normalization = statistics });
        }
    }

    private static void ThrowIfUnfit(ImageSet images, string architecture, string expected, bool fits)
    {
        if (!fits)
        {
            throw new UserErrorException($"The images are {images.Height}x{images.Width}, but --arch {architecture} needs {expected} "
                + "pixels: give another --image-size, or --arch resnet18.");
        }
    }

    private Classifier LoadInitial(ParseResult parsed, string path, ImageDataset dataset)
    {
        if (parsed.GetValue(_width) is not null || parsed.GetValue(_rectify) || _settings.OutputScale(parsed) is not null
            || _settings.IsArchitectureGiven(parsed))
        {
            throw new UserErrorException($"--arch, --width, --rectify and --output-scale are given by --init '{path}': leave them out.");
        }

        var initial = LoadInitial(path);
        foreach (var note in initial.Notes)
        {
            parsed.Note($"'{path}': {note}");
        }

        if ((initial.IsForeign && initial.Network is not GraphNetwork) || !initial.Network.parameters().Any())
        {
            throw new UserErrorException($"--init '{path}' " + (initial.Network.parameters().Any()
                ? "is of another program: 'marginnet import' it first, and give that file."
                : "holds a program, whose weights cannot be trained: give a model of layers."));
        }

        if (initial.Network is GraphNetwork && initial.ImageSize != (dataset.Train.Height, dataset.Train.Width))
        {
            throw new UserErrorException($"--init '{path}' takes images of {initial.ImageSize.Height}x{initial.ImageSize.Width}, "
                + $"but these are {dataset.Train.Height}x{dataset.Train.Width}: give images of its size.");
        }

        if (_settings.Architecture(parsed) == nameof(LipNet) && initial.Network is not LipNet)
        {
            throw new UserErrorException(
                $"--preset certified is for a LipNet, but --init '{path}' holds a {initial.Network.GetName()}: leave one of them out.");
        }

        if (initial.Channels != dataset.Train.Channels)
        {
            throw new UserErrorException(
                $"--init '{path}' takes images of {initial.Channels} channels, but these have {dataset.Train.Channels}: "
                + $"give --channels {initial.Channels}.");
        }

        ModelFit.ThrowIfOtherClasses(initial, path, dataset);
        return initial.Network;
    }

    private static MarginModel LoadInitial(string path)
    {
        try
        {
            return MarginModel.Load(path);
        }
        catch (InvalidDataException e) when (e.Message.Contains("--input-size", StringComparison.Ordinal))
        {
            throw new UserErrorException($"--init '{path}' does not say how large its images are: 'marginnet import' it with --input-size, "
                + "and give that file.");
        }
    }

    private TrainingResult Train(
        ParseResult parsed, MarginModel model, ImageSet train, ImageSet test, TrainingOptions options, OutputFiles files,
        CancellationToken cancellation)
    {
        var error = parsed.InvocationConfiguration.Error;
        using var history = new HistoryFile(files.History, model.Training);
        IProgress<TrainingProgress>[] logs =
            parsed.GetValue(_tensorBoard) is { } folder ? [history, new TensorBoardLog(folder)] : [history];
        using var lastResort = parsed.Interruption()?.OnLastResort(() => SaveSoFar(model, options, files));
        try
        {
            return TrainingDisplay.Run(error, parsed.IsQuiet(), options, display =>
                MarginTrainer.Train(model.Network, train, options, test, new RunLogs(display, logs), cancellation));
        }
        catch (OperationCanceledException)
        {
            error.WriteLine(SaveSoFar(model, options, files));
            throw;
        }
    }

    /// <summary>Keeps the weights that there are, and says where.</summary>
    private static string SaveSoFar(MarginModel model, TrainingOptions options, OutputFiles files)
    {
        var destination = new ModelDestination(files.Model);
        destination.Save(model);
        var trouble = destination.Trouble is null ? "" : $"{destination.Trouble} ";
        var resume = options.Checkpoints is { Exist: true } checkpoints ? $"{Environment.NewLine}The same command with --resume "
            + $"goes on from {checkpoints.Path}." : "";
        return $"{trouble}The weights so far are in {destination.Path}, without a null model.{resume}";
    }

    private static MarginNullModel Calibrate(
        Classifier network, ImageSet images, StratifiedSplit split, TrainingResult result, CancellationToken cancellation)
    {
        var heldOut = split.HeldOut.Length > 0;
        var calibration = images.Select(heldOut ? split.HeldOut.AsSpan() : split.Rest.AsSpan());
        var scores = heldOut ? network.Score(calibration, cancellation: cancellation) : result.TrainingScores;
        var (classes, margins) = scores.Decisions();
        var options = new MarginNullOptions { Source = heldOut ? CalibrationSource.HeldOut : CalibrationSource.Training };
        return MarginNullModel.Fit(margins, classes, calibration.Labels, scores.ClassCount, options);
    }
}
