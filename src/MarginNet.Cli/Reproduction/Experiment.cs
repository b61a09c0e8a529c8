using System.Collections.Immutable;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using MarginNet.Checkpoints;
using MarginNet.Cli.Commands;
using MarginNet.Cli.Output;
using MarginNet.Data;
using MarginNet.ModelFiles;
using MarginNet.Models;
using MarginNet.PValues;
using MarginNet.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace MarginNet.Cli.Reproduction;

/// <summary>
/// Section IV and V from the images to the figures, in stages whose files are kept: each network is trained, scores the test
/// images, then the attacked ones, and is analysed; once for each seed, in a folder of its own.
/// </summary>
internal sealed class Experiment
{
    /// <summary>The name under which an attack's record has the number of images left as they were.</summary>
    public const string Unmoved = "unmoved";

    private static readonly TimeSpan StateInterval = TimeSpan.FromMinutes(5); // Beside one at the end of each epoch.
    private static readonly ImmutableSortedDictionary<string, double> NoFacts = ImmutableSortedDictionary<string, double>.Empty;

    private readonly Preset _preset;
    private readonly ExperimentSettings _settings;
    private readonly ImageDataset _data;
    private readonly DataSummary _summary;
    private readonly Device _device;
    private readonly RunEnvironment _environment;
    private readonly string _folder;
    private readonly bool _force;
    private readonly bool _quiet;
    private readonly TextWriter _error;
    private readonly CancellationToken _cancellation;
    private readonly ImmutableArray<CompletedStage>.Builder _stages = ImmutableArray.CreateBuilder<CompletedStage>();

    public Experiment(
        Preset preset, ExperimentSettings settings, ImageDataset data, Device device, string folder, bool force, bool quiet,
        TextWriter error, CancellationToken cancellation)
    {
        (_preset, _settings, _data, _device, _folder, _force, _quiet, _error, _cancellation) =
            (preset, settings, data, device, folder, force, quiet, error, cancellation);
        (_summary, _environment) = (DataSummary.Of(data), RunEnvironment.Of(device));
    }

    private int StageCount => _settings.Seeds * _preset.Runs.Length * 4;

    public static string AttackStage(NetworkRun run) => $"{run.Key}-attack";

    /// <summary>The files of one seed.</summary>
    public StageStore Store(int seed) =>
        new(Path.Combine(_folder, string.Create(CultureInfo.InvariantCulture, $"seed-{seed}")), _environment, _force);

    public ExperimentResult Run()
    {
        var seeds = Enumerable.Range(0, _settings.Seeds).Select(RunSeed).ToArray();
        return new(
            _settings,
            _summary,
            [.. _preset.Runs.Select((run, i) => new RunResult(run, [.. seeds.Select(seed => seed[i])]))],
            _stages.ToImmutable());
    }

    private SeedResult[] RunSeed(int seed)
    {
        var store = Store(seed);
        var trained = _preset.Runs.Select(run => Train(store, run, seed)).ToArray();
        var tested = _preset.Runs.Zip(trained, (run, training) => Test(store, run, seed, training)).ToArray();
        var attacked = Attack(store, seed, trained);
        return [.. _preset.Runs.Select((run, i) => Analyse(store, run, seed, trained[i], tested[i], attacked[i]))];
    }

    private StageRecord Train(StageStore store, NetworkRun run, int seed)
    {
        var (files, options) = (new NetworkFiles(run.Key), run.Options with { Seed = seed });
        var description = TrainingSettings.Describe(options, _data.Name, _data.Train.Count, heldOut: 0, heldOutShare: 0);
        var settings = new Dictionary<string, object?>(description) { ["network"] = _preset.Network + _preset.NetworkDetail(options) };
        settings.Remove("threads"); // They change the last digits, but are no reason to train again.
        var stage = new Stage(
            $"{run.Key}-train", settings, [_summary.TrainDigest, _summary.TestDigest],
            [files.Model, files.History, files.Train, files.NullModel]);
        var checkpoints = Checkpoints(store, run, stage);
        var record = Complete(store, stage, seed, $"training {run.Title}", () =>
        {
            manual_seed(seed);
            using var model = new MarginModel(
                _preset.CreateNetwork(_data.Train, _data.ClassNames.Length, options), _data.ClassNames,
                (_data.Train.Height, _data.Train.Width))
            {
                Training = description,
            };
            model.Network.to(_device);
            var result = TrainingDisplay.Run(_error, _quiet, options, display =>
                MarginTrainer.Train(model.Network, _data.Train, options with
                {
                    Checkpoints = checkpoints,
                }, _data.Test, display, _cancellation));
            using (var history = new HistoryFile(store.File(files.History), description))
            {
                result.History.ToList().ForEach(history.Report);
            }

            var (classes, margins) = result.TrainingScores.Decisions();
            model.NullModel = MarginNullModel.Fit(margins, classes, _data.Train.Labels, _data.ClassNames.Length);
            model.NullModel.Save(store.File(files.NullModel));
            model.Save(store.File(files.Model));
            result.TrainingScores.Save(store.File(files.Train));
            return NoFacts;
        });
        store.DeleteStates(run.Key);
        return record;
    }

    /// <summary>Where a training keeps its state, so that a run that was killed goes on within it;
    /// the name tells its settings and images.</summary>
    private TrainingCheckpoints Checkpoints(StageStore store, NetworkRun run, Stage stage) =>
        new(store.StateFile(run.Key, stage)) { Every = StateInterval, Resume = !_force };

    private StageRecord Test(StageStore store, NetworkRun run, int seed, StageRecord training)
    {
        var files = new NetworkFiles(run.Key);
        var stage = new Stage($"{run.Key}-test", NoSettings(), [training.Digests[0], _summary.TestDigest], [files.Test]);
        return Complete(store, stage, seed, $"test scores of {run.Title}", () =>
        {
            using var model = MarginModel.Load(store.File(files.Model), _device);
            model.Network.Score(_data.Test, cancellation: _cancellation).Save(store.File(files.Test));
            return NoFacts;
        });
    }

    /// <summary>Attacks the images once for all networks that have not seen them yet.</summary>
    private StageRecord[] Attack(StageStore store, int seed, StageRecord[] trained)
    {
        var stages = _preset.Runs.Zip(trained, (run, training) => new Stage(
            AttackStage(run),
            new Dictionary<string, object?> { ["attack"] = "fgsm", ["epsilon"] = _settings.Epsilon },
            [trained[0].Digests[0], training.Digests[0], _summary.TestDigest],
            [new NetworkFiles(run.Key).Attacked])).ToArray();
        var records = Array.ConvertAll(stages, store.Find);
        var missing = Enumerable.Range(0, stages.Length).Where(i => records[i] is null).ToArray();
        if (missing.Length > 0)
        {
            _cancellation.ThrowIfCancellationRequested();
            Tell(_stages.Count + 1, seed, "attacking the test images");
            var watch = Stopwatch.StartNew();
            MarginModel Load(int i) => MarginModel.Load(store.File(new NetworkFiles(_preset.Runs[i].Key).Model), _device);
            using var surrogate = Load(0);
            var models = Array.ConvertAll(missing, Load);
            try
            {
                var (scores, unmoved) = TransferAttack.Score(
                    surrogate.Network, Array.ConvertAll(models, model => model.Network), _data.Test, _settings.Epsilon, _cancellation);
                var facts = NoFacts.Add(Unmoved, unmoved);
                for (var i = 0; i < missing.Length; i++)
                {
                    var stage = stages[missing[i]];
                    scores[i].Save(store.File(stage.Outputs[0]));
                    records[missing[i]] = store.Add(stage, watch.Elapsed.TotalSeconds / missing.Length, facts);
                }
            }
            finally
            {
                Array.ForEach(models, model => model.Dispose());
            }
        }

        for (var i = 0; i < records.Length; i++)
        {
            Add(records[i]!, seed, $"attacked images scored by {_preset.Runs[i].Title}");
        }

        return records!;
    }

    private SeedResult Analyse(StageStore store, NetworkRun run, int seed, StageRecord training, StageRecord test, StageRecord attack)
    {
        var files = new NetworkFiles(run.Key);
        var settings = new Dictionary<string, object?>
        {
            ["version"] = NetworkResult.Version,
            ["resamples"] = _settings.Resamples,
            ["mu"] = run.Options.TargetMargin,
            ["alpha"] = NetworkResult.Alpha,
            ["detectors"] = NetworkResult.Detectors,
        };
        var stage = new Stage($"{run.Key}-analysis", settings, [training.Digests[0], training.Digests[2], training.Digests[3],
            test.Digests[0], attack.Digests[0], _summary.TrainDigest, _summary.TestDigest], [files.Analysis]);
        Complete(store, stage, seed, $"p-values and detectors of {run.Title}", () =>
        {
            using var model = MarginModel.Load(store.File(files.Model));
            var result = NetworkResult.Compute(
                NetworkScores.Load(store, files, _data), run.Options.TargetMargin, _settings.Resamples, seed, _cancellation) with
            {
                Certificates = CertificateResult.Compute(model, ScoreFile.Read(store.File(files.Test)), _data.Test, _cancellation),
            };
            AtomicFile.Write(store.File(files.Analysis), stream => JsonSerializer.Serialize(stream, result, ResultJson.Options));
            return NoFacts;
        });
        using var analysis = File.OpenRead(store.File(files.Analysis));
        return new(
            seed, JsonSerializer.Deserialize<NetworkResult>(analysis, ResultJson.Options)!, ReadHistory(store.File(files.History)),
            test.Digests[0]);
    }

    private StageRecord Complete(
        StageStore store, Stage stage, int seed, string title, Func<ImmutableSortedDictionary<string, double>> work)
    {
        _cancellation.ThrowIfCancellationRequested();
        var record = store.Find(stage);
        if (record is null)
        {
            Tell(_stages.Count + 1, seed, title);
            record = store.Compute(stage, work);
        }

        Add(record, seed, title);
        return record;
    }

    private void Add(StageRecord record, int seed, string title)
    {
        _stages.Add(new(seed, title, record));
        Tell(_stages.Count, seed, string.Create(
            CultureInfo.InvariantCulture, $"{title}: {(record.IsKept ? "kept from an earlier run" : $"{record.Seconds:f1} s")}"));
    }

    private void Tell(int number, int seed, string text)
    {
        if (!_quiet)
        {
            _error.WriteLine(string.Create(CultureInfo.InvariantCulture, $"[{number}/{StageCount}] seed {seed}: {text}"));
        }
    }

    private static Dictionary<string, object?> NoSettings() => [];

    private static ImmutableArray<EpochAccuracy> ReadHistory(string path)
    {
        var lines = File.ReadLines(path)
            .Select(line => JsonDocument.Parse(line).RootElement)
            .Where(line => line.GetProperty("event").GetString() == "epoch");
        return [.. lines.Select((line, i) => new EpochAccuracy(i + 1, line.GetProperty("test_accuracy").GetDouble()))];
    }
}
