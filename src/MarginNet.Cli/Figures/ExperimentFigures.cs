using System.Collections.Immutable;
using MarginNet.Cli.Reproduction;

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
        UniformityPlot.Figure(
            $"uniformity-{run.Run.Key}", $"{run.Run.Title}: do the mixtures describe the margins they were fitted to?", scores.NullModel, classNames),
        RocCurves.Draw(run.Run, scores, run.First));
}
