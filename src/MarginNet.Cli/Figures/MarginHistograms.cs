using System.Globalization;
using MarginNet.Cli.Reproduction;
using MathNet.Numerics.Statistics;
using ScottPlot;

namespace MarginNet.Cli.Figures;

/// <summary>Histograms of the margins of one network, in the arrangement of the paper's Figures 1 and 2, on shared axes.</summary>
internal static class MarginHistograms
{
    private const int Bins = 60;
    private const double Outlying = 0.001; // The share of all samples that the axes leave out at each end.

    private static readonly (string Title, string Caption)[] Parts =
    [
        ("(a) training samples", "training samples, by their labels"),
        ("(b) held-out samples", "samples held out from training, by their labels"),
        ("(c) test samples", "the same samples, by the network's own decisions (labels unknown)"),
        ("(d) FGSM samples", "FGSM samples made of (c), by the network's own decisions"),
    ];

    public static Figure Draw(NetworkRun run, NetworkScores scores, double epsilon)
    {
        double[][] margins =
        [
            NetworkScores.LabelledMargins(scores.Train),
            NetworkScores.LabelledMargins(scores.Test),
            scores.Test.Margins,
            scores.Attacked.Margins,
        ];
        double[] all = [.. margins.SelectMany(own => own).Order()];
        var target = run.IsBaseline ? (double?)null : run.Options.TargetMargin;
        var (low, high) = Axis(
            SortedArrayStatistics.Quantile(all, Outlying),
            Math.Max(1.1 * (target ?? 0), SortedArrayStatistics.Quantile(all, 1 - Outlying)));
        var counts = Array.ConvertAll(margins, own => Shares(own, low, high));
        var top = 1.08 * counts.Max(own => own.Max());
        var panels = Parts.Select((part, i) => new Panel(
            $"({(char)('a' + i)}) {part.Caption}", Describe(part.Caption, margins[i], target),
            Histogram(part.Title, counts[i], low, high, top, target)));
        var figure = run.PaperFigure is { } number ? string.Create(CultureInfo.InvariantCulture, $"Figure {number} of the paper: ") : "";
        var outside = margins.Sum(own => own.Count(margin => margin < low || margin > high));
        return new(
            $"margins-{run.Key}",
            string.Create(
                CultureInfo.InvariantCulture,
                $"{figure}{run.Title}, margins in logits on shared axes; FGSM with ε = {epsilon}. "
                + $"{(target is null ? "" : "The dashed line is μ. ")}{outside} of {all.Length} margins lie outside the axes, "
                + $"and count in the outermost bars."),
            Columns: 2,
            [.. panels]);
    }

    /// <summary>Moves the ends of the axis outwards until 0 lies between two bins.</summary>
    private static (double Low, double High) Axis(double low, double high)
    {
        var below = low < 0 ? (int)Math.Clamp(Math.Ceiling(Bins * low / (low - high)), 1, Bins - 1) : 0;
        var width = Math.Max(high / (Bins - below), below == 0 ? 0 : -low / below);
        return (-below * width, (Bins - below) * width);
    }

    /// <summary>The percentage of the samples in each bin, those outside in the outermost ones.</summary>
    private static double[] Shares(double[] margins, double low, double high)
    {
        var shares = new double[Bins];
        foreach (var margin in margins)
        {
            shares[(int)Math.Clamp(Bins * (margin - low) / (high - low), 0, Bins - 1)] += 100.0 / margins.Length;
        }

        return shares;
    }

    private static Plot Histogram(string title, double[] shares, double low, double high, double top, double? target)
    {
        PlotFont.Use();
        var width = (high - low) / Bins;
        var plot = new Plot();
        var bars = shares.Select((share, i) => new Bar
        {
            Position = low + ((i + 0.5) * width),
            Value = share,
            Size = width,
            FillColor = Colors.SteelBlue,
            LineWidth = 0,
        });
        plot.Add.Bars(bars.Where(bar => bar.Value > 0).ToList());
        plot.Add.VerticalLine(0, color: Colors.Gray, width: 1);
        if (target is { } mu)
        {
            plot.Add.VerticalLine(mu, color: Colors.Red, width: 1.5f, pattern: LinePattern.Dashed);
        }

        plot.Title(title);
        plot.XLabel("margin");
        plot.YLabel("% of samples");
        plot.Axes.SetLimits(low, high, 0, top);
        plot.Axes.Left.MinimumSize = 60;
        plot.Axes.Right.MinimumSize = 16;
        return plot;
    }

    private static string Describe(string caption, double[] margins, double? target)
    {
        double[] sorted = [.. margins.Order()];
        double Share(Func<double, bool> counts) => (double)sorted.Count(counts) / sorted.Length;
        var reached =
            target is { } mu ? string.Create(CultureInfo.InvariantCulture, $" {Share(margin => margin >= mu):p1} are at least {mu}.") : "";
        return string.Create(
            CultureInfo.InvariantCulture,
            $"Histogram of the margins of {sorted.Length} {caption}: median {sorted.Median():g4}, "
            + $"5 % below {SortedArrayStatistics.Quantile(sorted, 0.05):g4}, 95 % below {SortedArrayStatistics.Quantile(sorted, 0.95):g4}; "
            + $"{Share(margin => margin < 0):p1} are negative.{reached}");
    }
}
