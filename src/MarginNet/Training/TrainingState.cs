using System.Collections.Immutable;
using MarginNet.Checkpoints;

namespace MarginNet.Training;

/// <summary>Everything a run goes on from, as numbers and stored tensors outside of LibTorch.</summary>
internal sealed record TrainingState
{
    public const string Format = "marginnet-training-state";
    public const long Version = 1;

    private static readonly string[] EpochColumns =
    [
        "round", "epoch", "learning_rate", "target_margin", "loss", "accuracy", "constraints_met", "test_accuracy",
    ];
    private static readonly string[] RoundColumns = ["round", "constraints", "met"];

    public required TrainingPosition Position { get; init; }

    /// <summary>How often the learning rate was halved.</summary>
    public required int Rollbacks { get; init; }

    public required double[] DualWeights { get; init; }

    public required ImmutableArray<EpochProgress> History { get; init; }

    public required ImmutableArray<RoundSummary> Rounds { get; init; }

    /// <summary>The state in the midst of an epoch; null between two.</summary>
    public required EpochState? Epoch { get; init; }

    /// <summary>By name, of <see cref="NetworkWeights"/>.</summary>
    public required Dictionary<string, object?> Network { get; init; }

    /// <summary>By parameter, of <see cref="OptimizerMemory"/>.</summary>
    public required List<object?> Optimizer { get; init; }

    /// <summary>Of <see cref="GradientScaler"/>; null in files of before there was one.</summary>
    public required Dictionary<string, object?>? Scaler { get; init; }

    /// <summary>Of <see cref="LipschitzControl"/>.</summary>
    public required Dictionary<string, object?> Lipschitz { get; init; }

    /// <summary>Of <see cref="MarginRecorder"/>; null where nothing is recorded.</summary>
    public required Dictionary<string, object?>? Recorder { get; init; }

    /// <summary>The state of torch's global generator, which a network with randomness of its own draws from.</summary>
    public required StoredTensor Random { get; init; }

    public Dictionary<string, object?> ToGraph(Dictionary<string, object?> settings, Dictionary<string, object?> machine) => new()
    {
        ["format"] = Format,
        ["format_version"] = Version,
        ["settings"] = settings,
        ["machine"] = machine,
        ["round"] = (long)Position.Round,
        ["epoch"] = (long)Position.Epoch,
        ["step"] = (long)Position.Step,
        ["rollbacks"] = (long)Rollbacks,
        ["lambda"] = DualWeights,
        ["history"] = Table(EpochColumns, History.Select(epoch => new[]
        {
            epoch.Round, epoch.Epoch, epoch.LearningRate, epoch.TargetMargin, epoch.Loss, epoch.Accuracy, epoch.ConstraintsMet, epoch.TestAccuracy
                ?? double.NaN,
        })),
        ["rounds"] = Table(RoundColumns, Rounds.Select(round => new double[] { round.Round, round.Constraints, round.Met })),
        ["epoch_state"] = Epoch is null ? null : new Dictionary<string, object?>
        {
            ["sums"] = Epoch.Sums,
            ["samples"] = Epoch.Samples,
            ["augmentation"] = Epoch.Augmentation,
        },
        ["state_dict"] = Network,
        ["optimizer"] = Optimizer,
        ["scaler"] = Scaler,
        ["lipschitz"] = Lipschitz,
        ["recorder"] = Recorder,
        ["random"] = Random,
    };

    public static TrainingState FromGraph(PlainDictionary root)
    {
        var (epochs, rounds) = (Rows(root.Dictionary("history"), EpochColumns), Rows(root.Dictionary("rounds"), RoundColumns));
        return new()
        {
            Position = new(root.Count("round"), root.Count("epoch"), root.Count("step")),
            Rollbacks = root.Count("rollbacks"),
            DualWeights = root.Numbers("lambda"),
            History = [.. epochs.Select(row => new EpochProgress(
                (int)row[0], (int)row[1], row[2], row[3], row[4], row[5], row[6], double.IsNaN(row[7]) ? null : row[7]))],
            Rounds = [.. rounds.Select(row => new RoundSummary((int)row[0], (int)row[1], (int)row[2]))],
            Epoch = root.Has("epoch_state") ? ReadEpoch(root.Dictionary("epoch_state")) : null,
            Network = new(root.Dictionary("state_dict").Values),
            Optimizer = [.. root.Dictionaries("optimizer").Select(memory => new Dictionary<string, object?>(memory.Values))],
            Scaler = root.Has("scaler") ? new(root.Dictionary("scaler").Values) : null,
            Lipschitz = new(root.Dictionary("lipschitz").Values),
            Recorder = root.Has("recorder") ? new(root.Dictionary("recorder").Values) : null,
            Random = root.Tensor("random"),
        };
    }

    private static EpochState ReadEpoch(PlainDictionary stored) =>
        new(stored.Numbers("sums"), stored.Count("samples"), stored.Tensor("augmentation"));

    /// <summary>Rows as a dictionary of columns.</summary>
    private static Dictionary<string, object?> Table(string[] names, IEnumerable<double[]> rows)
    {
        var all = rows.ToArray();
        return names.Select((name, column) => (name, column))
            .ToDictionary(pair => pair.name, pair => (object?)Array.ConvertAll(all, row => row[pair.column]));
    }

    /// <summary>Makes the rows of <see cref="Table"/> again.</summary>
    private static double[][] Rows(PlainDictionary table, string[] names)
    {
        var columns = Array.ConvertAll(names, table.Numbers);
        return columns.Any(column => column.Length != columns[0].Length)
            ? throw table.Unexpected(names[0], "as many numbers as under each other key")
            : [.. columns[0].Select((_, row) => Array.ConvertAll(columns, column => column[row]))];
    }
}

/// <summary>What a run carries from step to step within an epoch.</summary>
/// <param name="Sums">Those of <see cref="TrainingTally"/>.</param>
/// <param name="Samples">The samples seen.</param>
/// <param name="Augmentation">The state of the augmentation's generator.</param>
internal sealed record EpochState(double[] Sums, long Samples, StoredTensor Augmentation);
