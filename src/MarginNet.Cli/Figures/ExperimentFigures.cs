using System.Collections.Immutable;
using System.Globalization;
using MarginNet.Cli.Reproduction;
using MarginNet.PValues;

namespace MarginNet.Cli.Figures;

/// <summary>The figures of one network.</summary>
internal sealed record NetworkFigures(Figure Margins, Figure Uniformity, Figure Roc);

/// <summary>Every figure of an experiment, drawn from its first seed.</summary>
internal sealed record ExperimentFigures(Figure Learning, ImmutableArray<NetworkFigures> Networks)
{
    public IEnumerable<Figure> All => [Learning, .. Networks.SelectMany(own => new[] { own.Margins, own.Uniformity, own.Roc })];

    public static ExperimentFigures Draw(
        ExperimentResult experiment, Func<NetworkRun, NetworkScores> load, ImmutableArray<string> classNames) => new(
        LearningCurves.Draw(experiment),
        [.. experiment.Runs.Select(run => Draw(run, load(run.Run), classNames, experiment.Settings.Epsilon))]);

    public void Save(string folder)
    {
        Directory.CreateDirectory(folder);
        foreach (var figure in All)
        {
            FigureFile.Save(figure, folder);
        }
    }

    private static NetworkFigures Draw(RunResult run, NetworkScores scores, ImmutableArray<string> classNames, double epsilon) => new(
        MarginHistograms.Draw(run.Run, scores, epsilon),
        Uniformity(run.Run, scores.NullModel, classNames),
        RocCurves.Draw(run.Run, scores, run.First));

    private static Figure Uniformity(NetworkRun run, MarginNullModel nullModel, ImmutableArray<string> classNames)
    {
        var distances = classNames.Zip(nullModel.Classes, (name, own) => (Name: name, Distance: own.KolmogorovSmirnov))
            .Where(own => double.IsFinite(own.Distance))
            .ToArray();
        var worst = distances.MaxBy(own => own.Distance);
        var panel = new Panel(
            "Calibration p-values of each class against the uniform distribution; in brackets the Kolmogorov-Smirnov distance.",
            string.Create(
                CultureInfo.InvariantCulture,
                $"P-P plot of the training margins' lower-tail p-values: the Kolmogorov-Smirnov distance from uniform is "
                + $"{distances.Min(own => own.Distance):f3} to {worst.Distance:f3}, largest for {worst.Name}."),
            UniformityPlot.Draw(nullModel, classNames),
            Width: 700,
            Height: 520);
        return new($"uniformity-{run.Key}", $"{run.Title}: do the mixtures describe the margins they were fitted to? A mixture "
            + "that fits gives the diagonal.", Columns: 1, [panel]);
    }
}
