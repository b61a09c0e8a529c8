using System.Globalization;
using ScottPlot;

namespace MarginNet.Cli.Figures;

/// <summary>How many classes prediction sets have.</summary>
internal static class SetSizePlot
{
    /// <param name="groups">The sizes of some kinds of sets by the name of the kind, such as those with the true class in them.</param>
    public static Figure Draw(IReadOnlyList<(string Name, int[] Sizes)> groups) => new(
        "set-sizes", "Sets of one class are sure; the larger a set, the less the network knows of the sample.", Columns: 1,
        [new("The number of classes in each set.", Describe(groups), Bars(groups))]);

    private static Plot Bars(IReadOnlyList<(string Name, int[] Sizes)> groups)
    {
        PlotFont.Use();
        var (plot, most, total) = (new Plot(), groups.SelectMany(group => group.Sizes).Max(), groups.Sum(group => group.Sizes.Length));
        var (below, palette) = (new double[most + 1], new ScottPlot.Palettes.Category10());
        for (var g = 0; g < groups.Count; g++)
        {
            var bars = new List<Bar>();
            for (var size = 0; size <= most; size++)
            {
                var top = below[size] + (100.0 * groups[g].Sizes.Count(own => own == size) / total);
                bars.Add(new()
                {
                    Position = size,
                    ValueBase = below[size],
                    Value = top,
                    Size = 0.8,
                    FillColor = palette.GetColor(g),
                    LineWidth = 0,
                });
                below[size] = top;
            }

            plot.Add.Bars(bars).LegendText = groups[g].Name;
        }

        plot.XLabel("classes in the set");
        plot.YLabel("% of samples");
        plot.Axes.Bottom.TickGenerator = new ScottPlot.TickGenerators.NumericAutomatic { IntegerTicksOnly = true };
        plot.Axes.SetLimits(-0.6, most + 0.6, 0, 1.08 * below.Max());
        plot.Legend.Orientation = Orientation.Horizontal;
        plot.Legend.ShadowColor = Colors.Transparent;
        if (groups.Count > 1)
        {
            plot.ShowLegend(Edge.Bottom);
        }

        return plot;
    }

    private static string Describe(IReadOnlyList<(string Name, int[] Sizes)> groups) => string.Join(
        "; ", groups.Where(group => group.Sizes.Length > 0).Select(group => string.Create(
            CultureInfo.InvariantCulture, $"{group.Sizes.Length} {group.Name}: {group.Sizes.Average():f2} classes on average"))) + ".";
}
