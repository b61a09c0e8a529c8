using System.Collections.Immutable;
using MarginNet.Cli.Commands;
using MarginNet.Data;

namespace MarginNet.Cli.Reproduction;

/// <summary>What was asked for.</summary>
internal sealed record ExperimentSettings(string Preset, string Network, double Epsilon, int Seeds, int Resamples);

/// <summary>The images.</summary>
internal sealed record DataSummary(string Name, int Train, int Test, int Classes, string TrainDigest, string TestDigest)
{
    /// <summary>Whether the classes are those of CIFAR-10.</summary>
    public bool IsCifar { get; init; }

    /// <summary>Whether these are as many images of its classes as the paper has.</summary>
    public bool IsPapers => IsCifar && Train == 50_000 && Test == 10_000;

    public static DataSummary Of(ImageDataset data) =>
        new(
            data.Name, data.Train.Count, data.Test.Count, data.ClassNames.Length, DataDigest.Of(data.Train, data.ClassNames),
            DataDigest.Of(data.Test, data.ClassNames))
        {
            IsCifar = data.ClassNames.ToHashSet().SetEquals(Cifar10.ClassNames),
        };
}

/// <summary>An epoch's accuracy on the test images.</summary>
internal sealed record EpochAccuracy(int Epoch, double Test);

/// <summary>One network, trained with one seed.</summary>
internal sealed record SeedResult(int Seed, NetworkResult Result, ImmutableArray<EpochAccuracy> History, string ScoresDigest);

/// <summary>One network, trained with each seed.</summary>
internal sealed record RunResult(NetworkRun Run, ImmutableArray<SeedResult> Seeds)
{
    public Estimate Clean => Estimate.Of([.. Seeds.Select(seed => seed.Result.Test)]);

    public Estimate Attacked => Estimate.Of([.. Seeds.Select(seed => seed.Result.Attacked)]);

    public NetworkResult First => Seeds[0].Result;
}

/// <summary>A stage that was computed or kept, in the order of the run.</summary>
internal sealed record CompletedStage(int Seed, string Title, StageRecord Record);

/// <summary>Everything that was found.</summary>
internal sealed record ExperimentResult(
    ExperimentSettings Settings, DataSummary Data, ImmutableArray<RunResult> Runs, ImmutableArray<CompletedStage> Stages)
{
    /// <summary>The baseline, whose gradients the attack follows.</summary>
    public RunResult Baseline => Runs[0];

    /// <summary>Images that the attack left as they were, over all seeds: their gradient is exactly zero.</summary>
    public int Unmoved => (int)Stages.Where(stage => stage.Record.Name == Experiment.AttackStage(Baseline.Run))
        .Sum(stage => stage.Record.Facts[Experiment.Unmoved]);

    /// <summary>The figures as they are written to <c>results.json</c>.</summary>
    public object ToJson() => new
    {
        Settings,
        Data,
        Intervals = Estimate.Describe(Settings.Seeds),
        Networks = Runs.Select(run => new
        {
            run.Run.Key,
            run.Run.Title,
            Training = TrainingSettings.Describe(run.Run.Options, Data.Name, Data.Train, heldOut: 0, heldOutShare: 0),
            run.Run.Paper,
            run.Clean,
            run.Attacked,
            run.Seeds,
        }),
        Unmoved,
        Stages,
    };
}
