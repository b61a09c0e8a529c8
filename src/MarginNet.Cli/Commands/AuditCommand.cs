using System.CommandLine;
using MarginNet.Arrays;
using MarginNet.Audit;
using MarginNet.Checkpoints;
using MarginNet.Cli.Input;
using MarginNet.Cli.Options;
using MarginNet.Cli.Output;
using MarginNet.Data;
using MarginNet.Margins;
using MarginNet.ModelFiles;
using MarginNet.Models;
using MarginNet.Training;
using TorchSharp;

namespace MarginNet.Cli.Commands;

/// <summary><c>marginnet audit</c>: which labels of a training set are wrong, and which images come twice.</summary>
internal sealed class AuditCommand : Command
{
    private const int ImageSize = 32;

    private readonly DataOptions _data = new(DataOptions.Cifar);
    private readonly TrainingSettings _settings = TrainingSettings.Fast();
    private readonly CheckpointOptions _checkpoints = new();
    private readonly NetworkOptions _network;
    private readonly LabelsFileOption _labelsFile = new();
    private readonly DeviceOptions _device = new();
    private readonly PrecisionOption _precision = new("In what steps are computed, by default float32; weights and losses are float32;");
    private readonly AuditScores _scores = new();
    private readonly AuditOptions _audit = new();
    private readonly Option<string?> _model = new("--model")
    {
        Description = "Judge the labels by this trained model instead of training one.",
    };
    private readonly Option<int?> _folds = Number.Optional<int>(
        "--folds", "Train this many networks instead of one, each on all folds but one, which it judges.",
        value => value is >= 2 and <= 100,
        "a whole number, 2 to 100");
    private readonly Option<int> _passes = Number.Count(
        "--passes", "Train so often, 1 or 2: the second time without the labels that the first network doubts.", 2, most: 2);
    private readonly Option<string> _out = new("--out", "-o")
    {
        Description = "The folder to write audit.csv, audit.html, audit.json, duplicates.csv and what was recorded to.",
        DefaultValueFactory = _ => "audit",
    };
    private readonly JsonOption _json = new();

    public AuditCommand()
        : base("audit", "Find wrong labels, duplicates and images of nothing in a training set.")
    {
        _network = new(_settings);
        _settings.AddTo(this);
        _checkpoints.AddTo(this);
        _data.AddTo(this);
        _network.AddTo(this);
        _labelsFile.AddTo(this);
        _device.AddTo(this);
        Add(_precision);
        Array.ForEach(_scores.All, Add);
        _audit.AddTo(this);
        Option[] options = [_model, _folds, _passes, _out];
        Array.ForEach(options, Add);
        _json.AddTo(this);
        SetAction(RunAsync);
    }

    private async Task RunAsync(ParseResult parsed, CancellationToken cancellation)
    {
        var folder = parsed.GetValue(_out)!;
        _json.ThrowIfNotWritable(parsed);
        if (_scores.Given(parsed) is { } given)
        {
            Option[] ofImages =
                [
                    _model, _folds, _passes, .. _settings.All, .. _checkpoints.All, .. _data.All, .. _network.All, _labelsFile.Option, .. _device.All,
                    _precision,
                ];
            if (Array.Find(ofImages, parsed.IsGiven) is { } misplaced)
            {
                throw new UserErrorException($"{misplaced.Name} does not go with {given.Name}: leave it out.");
            }

            var (evidence, classNames) = _scores.Read(parsed);
            using var onlyRun = Open(parsed, folder);
            _audit.Report(parsed, _json, folder, evidence, classNames, images: null);
            return;
        }

        _scores.ThrowIfIdle(parsed);
        _data.ThrowIfNoPictures(parsed, DataOptions.Cifar);
        await (parsed.GetValue(_model) is { } model
            ? JudgeAsync(parsed, folder, model, cancellation)
            : TrainAsync(parsed, folder, cancellation));
    }

    /// <summary>Makes the folder, and sure that it can be written and that no other run writes it.</summary>
    private static OutputLock Open(ParseResult parsed, string folder)
    {
        Directory.CreateDirectory(folder);
        var onlyRun = new OutputLock(folder, Path.Combine(folder, "audit.lock"));
        if (onlyRun.Remark is { } remark)
        {
            parsed.Notes().WriteLine(remark);
        }

        AtomicFile.ThrowIfNotWritable(Path.Combine(folder, AuditOptions.LabelsName));
        return onlyRun;
    }

    /// <summary>Judges the labels by a trained model.</summary>
    private async Task JudgeAsync(ParseResult parsed, string folder, string path, CancellationToken cancellation)
    {
        Option[] ofTraining = [_folds, _passes, .. _settings.All, .. _checkpoints.All, .. _network.All];
        if (Array.Find(ofTraining, parsed.IsGiven) is { } misplaced)
        {
            throw new UserErrorException($"{misplaced.Name} is for training, but --model is trained: leave one of them out.");
        }

        using var model = MarginModel.Load(path);
        _precision.ApplyTo(parsed, model);
        model.Network.to(_device.Select(parsed));
        var dataset = _labelsFile.Apply(
            parsed, await _data.LoadForAsync(parsed, model, path, isTrainUsed: true, cancellation), _data.Directory(parsed));
        using var onlyRun = Open(parsed, folder);
        var scores = model.Network.Score(
            dataset.Train, progress: new CountDisplay(parsed.Notes(), "scored", "images", dataset.Train.Count), cancellation: cancellation);
        Report(parsed, folder, dataset, new(dataset.Train.Labels.ToArray(), dataset.ClassNames.Length) { Scores = scores }, cancellation);
    }

    /// <summary>Trains a network that records the margins, or one for each fold.</summary>
    private async Task TrainAsync(ParseResult parsed, string folder, CancellationToken cancellation)
    {
        Option[] withoutFolds = [_passes, .. _checkpoints.All];
        if (parsed.GetValue(_folds) is not null && Array.Find(withoutFolds, parsed.IsGiven) is { } misplaced)
        {
            throw new UserErrorException($"{misplaced.Name} does not go with {_folds.Name}: leave one of them out.");
        }

        var device = _device.Select(parsed);
        var settings = _settings.Read(parsed);
        TrainingCheckpoints? Checkpoints(string name) =>
            _checkpoints.Read(parsed, Path.Combine(folder, name), _network.Describe(parsed, settings));

        var options = settings with
        {
            Precision = _precision.ForTraining(parsed, device),
            RecordMargins = true,
            Checkpoints = Checkpoints("audit.resume.pt"),
        };
        var ofSecond = Checkpoints("second.resume.pt");
        var channels = _network.Channels(parsed);
        var loaded = await _data.LoadAsync(parsed, new(DataOptions.Cifar, (ImageSize, ImageSize), channels), cancellation);
        var dataset = _labelsFile.Apply(parsed, loaded, _data.Directory(parsed));
        using var onlyRun = Open(parsed, folder);
        var evidence = new AuditEvidence(dataset.Train.Labels.ToArray(), dataset.ClassNames.Length);
        Classifier Create(ImageSet train, TrainingOptions options)
        {
            var network = _network.Create(parsed, dataset, train, options);
            network.to(device);
            return network;
        }

        (TrainingResult Result, ScoreMatrix Scores) Pass(ImageSet train, TrainingOptions options)
        {
            using var network = Create(train, options);
            var result = Train(parsed, network, train, options, cancellation);
            network.Averaging = TestTimeAveraging.FlipShift;
            return (result, network.Score(dataset.Train, cancellation: cancellation));
        }

        if (parsed.GetValue(_folds) is { } folds)
        {
            void Tell(TrainingProgress progress, int fold)
            {
                if (progress is EpochProgress epoch)
                {
                    parsed.Notes().WriteLine(FormattableString.Invariant(
                        $"fold {fold + 1}/{folds} epoch {epoch.Epoch}: loss {epoch.Loss:g4}, accuracy {epoch.Accuracy:p1}"));
                }
            }

            evidence = evidence with
            {
                OutOfFold = OutOfFoldScores.Compute(
                    train => Create(train, options), dataset.Train, folds, options with { RecordMargins = false }, Tell, cancellation),
            };
            evidence.OutOfFold.Save(Path.Combine(folder, "out-of-fold.npy"));
        }
        else
        {
            var (result, scores) = Pass(dataset.Train, options);
            evidence = AuditOptions.Of(result, dataset.Train, dataset.ClassNames.Length) with { Scores = scores };
            evidence.Record!.Save(Path.Combine(folder, "margins.npy"));
            evidence.Record.MeanScores!.Save(Path.Combine(folder, "mean-scores.npy"));
            scores.Save(Path.Combine(folder, "scores.npy"));
            if (parsed.GetValue(_passes) == 2)
            {
                var second = SecondPass.Of(dataset.Train, scores, options);
                parsed.Note($"the second pass is by the {second.Train.Count} of {dataset.Train.Count} labels that the first network decides for.");
                evidence = evidence with { SecondScores = Pass(second.Train, second.Options with { Checkpoints = ofSecond }).Scores };
                evidence.SecondScores.Save(Path.Combine(folder, "second-scores.npy"));
            }
        }

        ArrayFile.WriteLabels(Path.Combine(folder, "labels.npy"), dataset.Train.Labels);
        Report(parsed, folder, dataset, evidence, cancellation);
        options.Checkpoints?.Delete();
        ofSecond?.Delete();
    }

    private static TrainingResult Train(
        ParseResult parsed, Classifier network, ImageSet train, TrainingOptions options, CancellationToken cancellation)
    {
        var error = parsed.InvocationConfiguration.Error;
        try
        {
            return TrainingDisplay.Run(error, parsed.IsQuiet(), options, display =>
                MarginTrainer.Train(network, train, options, progress: display, cancellation: cancellation));
        }
        catch (OperationCanceledException) when (options.Checkpoints is { Exist: true } checkpoints)
        {
            error.WriteLine($"The same command with --resume goes on from {checkpoints.Path}.");
            throw;
        }
    }

    private void Report(
        ParseResult parsed, string folder, ImageDataset dataset, AuditEvidence evidence, CancellationToken cancellation) =>
        _audit.Report(
            parsed, _json, folder, evidence, dataset.ClassNames,
            AuditedImages.Search(dataset.Train, dataset.Test, dataset.ClassNames, cancellation));
}
