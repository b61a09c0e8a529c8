using System.Globalization;
using MarginNet.Cli.Reproduction;
using Spectre.Console;

namespace MarginNet.Cli.Report;

/// <summary>Table I on standard output.</summary>
internal static class ResultTable
{
    private const int Width = 110;

    public static void Write(TextWriter output, ExperimentResult experiment)
    {
        var table = new Table().Border(TableBorder.Ascii2);
        table.AddColumns(
            "network", "clean test images", "paper", $"FGSM {experiment.Settings.Epsilon.ToString(CultureInfo.InvariantCulture)}", "paper",
            "margins met");
        foreach (var run in experiment.Runs)
        {
            string[] cells =
            [
                run.Run.Title, run.Clean.ToString(), Percent(run.Run.Paper?.Clean), run.Attacked.ToString(),
                Percent(run.Run.Paper?.Attacked), MarginsMet(run),
            ];
            table.AddRow(Array.ConvertAll(cells, Markup.Escape));
        }

        var console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Out = new AnsiConsoleOutput(output),
            Ansi = AnsiSupport.No,
            ColorSystem = ColorSystemSupport.NoColors,
        });
        console.Profile.Width = Width;
        console.Write(table);
        output.WriteLine($"Intervals: {Estimate.Describe(experiment.Settings.Seeds)}.");
    }

    /// <summary>The share of training images with the prescribed margin; none is prescribed for the baseline.</summary>
    public static string MarginsMet(RunResult run) =>
        run.Run.IsBaseline ? "-" : Percent(run.Seeds.Average(seed => seed.Result.MarginsMet.Rate));

    public static string Percent(double? share) => share is { } value ? value.ToString("p2", CultureInfo.InvariantCulture) : "-";
}
