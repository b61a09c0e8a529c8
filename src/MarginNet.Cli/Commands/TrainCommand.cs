using System.Collections.Immutable;
using System.CommandLine;
using MarginNet.Audit;
using MarginNet.Checkpoints;
using MarginNet.Cli.Configuration;
using MarginNet.Cli.Input;
using MarginNet.Cli.Options;
using MarginNet.Cli.Output;
using MarginNet.Data;
using MarginNet.ModelFiles;
using MarginNet.Models;
using MarginNet.PValues;
using MarginNet.Training;
using TorchSharp;

namespace MarginNet.Cli.Commands;

/// <summary><c>marginnet train</c>: trains a network with a prescribed margin and fits the null model of its margins.</summary>
internal sealed class TrainCommand : Command
{
    private static readonly (int Height, int Width) DefaultImageSize = (32, 32);

    private readonly DataOptions _data = new(DataOptions.Cifar);
    private readonly TrainingSettings _settings = new();
    private readonly RankOptions _ranks = new();
    private readonly CheckpointOptions _checkpoints = new();
    private readonly DeviceOptions _device = new();
    private readonly PrecisionOption _precision = new("In what steps are computed, by default float32; weights and losses are float32;");

    private readonly NetworkOptions _network;
    private readonly LabelsFileOption _labelsFile = new();
    private readonly Option<string?> _drop = new("--drop")
    {
        Description = "Leave out the training images that this audit.csv flags.",
    };
    private readonly Option<string?> _relabel = new("--relabel")
    {
        Description = "Give the training images that this audit.csv flags the labels that it suggests.",
    };
    private readonly Option<string?> _audit = new(AuditOptions.Audit)
    {
        Description = "Record the margin of every training image in every epoch, and write here which labels are wrong, "
            + "as 'marginnet audit' does.",
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
        _network = new(_settings);
        _settings.AddTo(this);
        _ranks.AddTo(this);
        _checkpoints.AddTo(this);
        _data.AddTo(this);
        _device.AddTo(this);
        Add(_precision);
        _network.AddTo(this);
        _labelsFile.AddTo(this);
        Option[] options = [_drop, _relabel, _audit, _calibrationSplit, _out, _tensorBoard];
        Array.ForEach(options, Add);
        _json.AddTo(this);
        SetAction(RunAsync);
    }

    private async Task RunAsync(ParseResult parsed, CancellationToken cancellation)
    {
        var ranks = TrainingRanks.Join();
        await ranks.RunAsync(() => RunAsync(parsed, ranks, cancellation));
    }

    private async Task RunAsync(ParseResult parsed, TrainingRanks ranks, CancellationToken cancellation)
    {
        var error = parsed.InvocationConfiguration.Error;
        using var files = new OutputFiles(parsed.GetValue(_out)!, parsed.Notes(), ranks.IsFirst);
        if (ranks.IsFirst)
        {
            _json.ThrowIfNotWritable(parsed);
        }

        var settings = _ranks.Apply(parsed, _settings.Read(parsed), ranks);
        var options = settings with { Checkpoints = _checkpoints.Read(parsed, files.State, _network.Describe(parsed, settings)) };
        if (parsed.GetValue(_audit) is { } table)
        {
            if (ranks.IsFirst)
            {
                AtomicFile.ThrowIfNotWritable(table);
            }

            options = options with { RecordMargins = true };
        }

        var device = _device.Select(parsed, ranks.Threads);
        options = options with { Precision = _precision.ForTraining(parsed, device) };
        _data.ThrowIfNoPictures(parsed, DataOptions.Cifar);
        var dataset =
            await _data.LoadAsync(parsed, new(DataOptions.Cifar, DefaultImageSize, _network.Channels(parsed)), cancellation);
        dataset = _labelsFile.Apply(parsed, dataset, _data.Directory(parsed));
        var loaded = dataset.Train.Count;
        dataset = Decide(parsed, dataset);
        var split = Split(dataset.Train, parsed.GetValue(_calibrationSplit), options.Seed);
        var train = dataset.Train.Select(split.Rest.AsSpan());

        using var model = new MarginModel(_network.Create(parsed, dataset, train, options), dataset.ClassNames, (train.Height, train.Width))
        {
            Training = TrainingSettings.Describe(
                options, _data.Name(parsed, DataOptions.Cifar), train.Count, split.HeldOut.Length, parsed.GetValue(_calibrationSplit) ?? 0),
        };
        if (_labelsFile.IsGiven(parsed) || parsed.GetValue(_drop) is not null || parsed.GetValue(_relabel) is not null)
        {
            model.Training[TrainingSettings.OtherLabels] = (long)(loaded - dataset.Train.Count);
        }

        _data.KeepPictures(parsed, model);
        if (ranks.Agree(() => options.Checkpoints is { Resume: true, Exist: false } && IsFinished(files.Model, model)
            && (parsed.GetValue(_audit) is not { } finished || File.Exists(finished))))
        {
            await error.WriteLineAsync($"{files.Model} is the result of this command: nothing is left to resume.");
            return;
        }

        model.Network.to(device);
        if (!ranks.IsFirst)
        {
            MarginTrainer.Train(model.Network, train, options, dataset.Test, cancellation: cancellation);
            return;
        }

        SaveConfiguration(parsed, options, files.Configuration);
        _settings.Remark(options, parsed.Notes());
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

        if (parsed.GetValue(_audit) is { } audit)
        {
            var labels = AuditOptions.Compute(
                AuditOptions.Of(result, train, dataset.ClassNames.Length), LabelStatistic.MeanMargin, LabelAudit.DefaultAlpha);
            new AuditFiles(labels, dataset.ClassNames, AuditedImages.Search(train, dataset.Test, dataset.ClassNames, cancellation))
            {
                DualWeights = result.Rounds > 1 ? result.DualWeights.Values : null,
            }.WriteLabels(audit);
        }

        options.Checkpoints?.Delete();
        var summary = new TrainingSummary(model, result, options, files, train);
        _json.Report(parsed, summary.Write, summary.Write);
    }

    /// <summary>Leaves out or relabels what an audit has flagged.</summary>
    private ImageDataset Decide(ParseResult parsed, ImageDataset dataset)
    {
        var (option, path) = (parsed.GetValue(_drop), parsed.GetValue(_relabel)) switch
        {
            ({ }, { }) => throw new UserErrorException("--drop and --relabel are both given: leave one of them out."),
            ({ } drop, _) => (_drop, drop),
            (_, { } relabel) => (_relabel, relabel),
            _ => (null, null),
        };
        if (option is null)
        {
            return dataset;
        }

        var decision = new AuditDecision(path!, option.Name, dataset.Train, dataset.ClassNames, _data.Directory(parsed));
        parsed.Note($"{option.Name} '{path}': {decision.Count} of {dataset.Train.Count} training images are "
            + $"{(option == _drop ? "left out" : "relabelled")}.");
        return dataset with
        {
            Train = option == _drop ? decision.Drop(dataset.Train) : decision.Relabel(dataset.Train, dataset.ClassNames),
        };
    }

    private static StratifiedSplit Split(ImageSet images, double? heldOutShare, int seed) => heldOutShare is { } share
        ? StratifiedSplit.Compute(images.Labels, share, seed)
        : new([.. Enumerable.Range(0, images.Count)], []);

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
        return MarginNullModel.Fit(margins, classes, calibration.Labels, scores.ClassCount, options)
            .WithScores(Samples.FromModel(scores, calibration.Labels, Samples.NamesOf(scores.ClassCount), "").FitScores());
    }
}
