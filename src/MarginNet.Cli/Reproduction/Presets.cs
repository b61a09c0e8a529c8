using System.Collections.Immutable;
using MarginNet.Cli.Options;
using MarginNet.Data;
using MarginNet.Losses;
using MarginNet.Models;
using MarginNet.Training;

namespace MarginNet.Cli.Reproduction;

/// <summary>The presets of <c>marginnet reproduce</c>: the one place where networks and schedules are chosen.</summary>
internal static class Presets
{
    private static readonly PaperResult Baseline = new(0.8670, 0.06017);
    private static readonly PaperResult Mu50 = new(0.8549, 0.1008);
    private static readonly PaperResult Mu150 = new(0.8537, 0.1008);

    /// <summary>Every preset, the default first.</summary>
    public static ImmutableArray<Preset> All { get; } =
    [
        new()
        {
            Name = "cpu",
            Network = "ResNet-18, width 16",
            CreateNetwork = (images, classes) => ResNet(16, images, classes),
            Runs = WithMargins(new() { Epochs = 7, LearningRate = 5e-3, Schedule = LearningRateSchedule.OneCycle, Augment = true, BatchSize = 64 }, MarginLoss.DualHinge, asPrintedToo: true),
        },
        new()
        {
            Name = "paper",
            Network = "ResNet-18, width 64",
            CreateNetwork = (images, classes) => ResNet(64, images, classes),
            Runs = WithMargins(new() { Epochs = 200, LearningRate = 1e-4, BatchSize = 32 }, MarginLoss.Dual, asPrintedToo: false),
        },
        new()
        {
            Name = "smoke",
            Network = "ResNet-18, width 4",
            CreateNetwork = (images, classes) => ResNet(4, images, classes),
            Runs = WithMargins(new() { Epochs = 4, LearningRate = 2e-2, Schedule = LearningRateSchedule.OneCycle, BatchSize = 50 }, MarginLoss.ShiftedSoftmax, asPrintedToo: true),
            Data = DataOptions.Synthetic,
            MostTrain = 800,
            MostTest = 400,
        },
    ];

    /// <summary>The paper's three networks, and where asked for a fourth one with loss (9) as printed beside a variant of it.</summary>
    private static ImmutableArray<NetworkRun> WithMargins(TrainingOptions schedule, MarginLoss loss, bool asPrintedToo)
    {
        ImmutableArray<NetworkRun> runs =
        [
            new("ce", "cross-entropy", schedule with { Loss = MarginLoss.CrossEntropy }) { Paper = Baseline },
            new("mu50", "margin μ = 50", schedule with { Loss = loss, TargetMargin = 50 }) { Paper = Mu50, PaperFigure = 1 },
            new("mu150", "margin μ = 150", schedule with { Loss = loss, TargetMargin = 150 }) { Paper = Mu150, PaperFigure = 2 },
        ];
        return asPrintedToo ? runs.Add(new("printed50", "(9) as printed, μ = 50", schedule with { Loss = MarginLoss.Dual, TargetMargin = 50 })) : runs;
    }

    private static ResNet18 ResNet(int width, ImageSet images, int classes) =>
        new(new() { Width = width, ClassCount = classes, Normalization = ChannelStatistics.Compute(images) });
}
