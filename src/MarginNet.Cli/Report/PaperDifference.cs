using System.Globalization;
using MarginNet.Cli.Reproduction;
using MarginNet.Losses;

namespace MarginNet.Cli.Report;

/// <summary>The experiment's settings beside the paper's.</summary>
/// <param name="Name">What is set.</param>
/// <param name="Paper">The paper's; null where it does not say.</param>
/// <param name="Here">That of this run.</param>
internal sealed record PaperDifference(string Name, string? Paper, string Here)
{
    /// <summary>Whether the paper says otherwise; false too where it does not say.</summary>
    public bool Differs => Paper is not null && Paper != Here;

    public static IEnumerable<PaperDifference> Of(ExperimentResult experiment)
    {
        var margin = experiment.Runs.First(run => !run.Run.IsBaseline).Run.Options;
        yield return new("network", "ResNet-18, width 64", experiment.Settings.Network);
        yield return new("training images", "50,000 of CIFAR-10", Images(experiment.Data.Train, experiment.Data));
        yield return new("test images", "10,000 of CIFAR-10", Images(experiment.Data.Test, experiment.Data));
        yield return new("margin loss", Describe(MarginLoss.Dual), Describe(margin.Loss));
        yield return new("epochs", "200", Text(margin.Epochs));
        yield return new("batch size", "32", Text(margin.BatchSize));
        yield return new("learning rate", "0.0001", Text(margin.LearningRate));
        yield return new("its schedule", null, Lower(margin.Schedule));
        yield return new("optimiser", null, Lower(margin.Optimizer));
        yield return new("weight decay", null, Text(margin.WeightDecay));
        yield return new("augmentation", null, margin.Augment ? "random shifts and flips" : "none");
        yield return new("rounds", "1", Text(margin.Rounds));
        yield return new("FGSM ε", "0.1", Text(experiment.Settings.Epsilon));
        yield return new("repetitions", null, Text(experiment.Settings.Seeds));
    }

    private static string Images(int count, DataSummary data) =>
        string.Create(CultureInfo.InvariantCulture, $"{count:n0} of {(data.IsCifar ? "CIFAR-10" : data.Name)}");

    private static string Describe(MarginLoss loss) => loss == MarginLoss.Dual ? "(9) as printed" : $"{loss}, {loss.Equation}";

    private static string Text(IFormattable value) => value.ToString(null, CultureInfo.InvariantCulture);

#pragma warning disable CA1308 // Normalize strings to uppercase: settings are written in lower case.
    private static string Lower<T>(T value)
        where T : struct, Enum => value.ToString().ToLowerInvariant();
#pragma warning restore CA1308
}
