using System.Globalization;
using MarginNet.Cli.Output;
using ScottPlot;

namespace MarginNet.Cli.Figures;

/// <summary>The path of what raises alarms, its threshold, and the alarms.</summary>
internal static class MartingalePlot
{
    public static Figure Figure(DriftRecord record)
    {
        var name = DriftAlarm.Name(record.Monitor.Options.Procedure);
        var thinned = record.Path.Stride > 1 ? $", the largest of {record.Path.Stride} each" : "";
        var caption = $"The {name} after each sample{thinned}, on a logarithmic scale.";
        var said = string.Create(
            CultureInfo.InvariantCulture,
            $"{caption} It is at most 10^{record.Path.Largest.DefaultIfEmpty().Max():f1}; ")
            + string.Create(
                CultureInfo.InvariantCulture, $"the threshold is {record.Monitor.Options.Threshold:g4}; {record.Alarms.Count} alarms.");
        return new("martingale", caption, Columns: 1, [new($"The {name}, with the threshold.", said, Draw(record, name), Width: 700, Height: 420)]);
    }

    private static Plot Draw(DriftRecord record, string name)
    {
        PlotFont.Use();
        var plot = new Plot();
        double[] samples = [.. record.Path.Largest.Select((_, i) => ((i + 0.5) * record.Path.Stride) - 0.5)];
        var path = plot.Add.ScatterLine(samples, record.Path.Largest.ToArray());
        path.LineWidth = 2;
        path.LegendText = name;
        var threshold = plot.Add.HorizontalLine(Math.Log10(record.Monitor.Options.Threshold));
        threshold.LineColor = Colors.Gray;
        threshold.LinePattern = LinePattern.Dashed;
        threshold.LegendText = "threshold";
        if (record.Alarms.Count > 0)
        {
            var alarms = plot.Add.ScatterPoints(
                record.Alarms.Select(alarm => (double)alarm.Sample).ToArray(), record.Alarms.Select(alarm => alarm.Statistic).ToArray());
            alarms.MarkerSize = 8;
            alarms.LegendText = "alarm";
        }

        plot.XLabel("sample");
        plot.YLabel($"{name}, power of ten");
        plot.Legend.ShadowColor = Colors.Transparent;
        plot.ShowLegend(Edge.Bottom);
        return plot;
    }
}
