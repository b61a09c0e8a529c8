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

    private static readonly TrainingOptions WholeImages = TrainingOptions.Fast with { Epochs = 10, InitialSize = null };

    private static readonly TrainingOptions Smoke = new()
    {
        Epochs = 4,
        LearningRate = 2e-2,
        Schedule = LearningRateSchedule.OneCycle,
        BatchSize = 50,
    };

    /// <summary>Every preset, the default first.</summary>
    public static ImmutableArray<Preset> All { get; } =
    [
        new()
        {
            Name = "cpu",
            Network = "FastNet, width 64",
            NetworkDetail = options => FormattableString.Invariant($", output scale {options.Temperature}"),
            CreateNetwork = Fast,
            Runs = WithMargins(WholeImages, WholeImages.Loss).AddRange(Duals(WholeImages with
            {
                Optimizer = OptimizerKind.Adam,
                LearningRate = 1e-3,
                BiasRateFactor = 1,
                WeightDecay = 0,
                Epochs = 3,
            })),
        },
        new()
        {
            Name = "paper",
            Network = "ResNet-18, width 64",
            CreateNetwork = (images, classes, _) => ResNet(64, images, classes),
            Runs = WithMargins(new() { Epochs = 200, LearningRate = 1e-4, BatchSize = 32 }, MarginLoss.Dual),
        },
        new()
        {
            Name = "smoke",
            Network = "ResNet-18, width 4",
            CreateNetwork = (images, classes, _) => ResNet(4, images, classes),
            Runs = WithMargins(Smoke, MarginLoss.ShiftedSoftmax).AddRange(Duals(Smoke)),
            Data = DataOptions.Synthetic,
            MostTrain = 800,
            MostTest = 400,
        },
    ];

    /// <summary>The paper's three networks.</summary>
    private static ImmutableArray<NetworkRun> WithMargins(TrainingOptions schedule, MarginLoss loss) =>
    [
        new("ce", "cross-entropy", schedule with { Loss = MarginLoss.CrossEntropy, Temperature = 1 }) { Paper = Baseline },
        new("mu50", "margin μ = 50", schedule with { Loss = loss, TargetMargin = 50 }) { Paper = Mu50, PaperFigure = 1 },
        new("mu150", "margin μ = 150", schedule with { Loss = loss, TargetMargin = 150 }) { Paper = Mu150, PaperFigure = 2 },
    ];

    /// <summary>The paper's own loss (9) beside its hinge, for a comparison under equal conditions.</summary>
    private static NetworkRun[] Duals(TrainingOptions schedule) =>
    [
        new("hinge50", "hinge of (9), μ = 50", schedule with { Loss = MarginLoss.DualHinge, TargetMargin = 50 }),
        new("printed50", "(9) as printed, μ = 50", schedule with { Loss = MarginLoss.Dual, TargetMargin = 50 }),
    ];

    private static ResNet18 ResNet(int width, ImageSet images, int classes) =>
        new(new() { Width = width, ClassCount = classes, Normalization = ChannelStatistics.Compute(images) });

    private static FastNet Fast(ImageSet images, int classes, TrainingOptions options)
    {
        var network = new FastNet(
            new() { ClassCount = classes, OutputScale = options.Temperature, Normalization = ChannelStatistics.Compute(images) });
        network.Whiten(images);
        return network;
    }
}
