using System.Globalization;
using MarginNet.Cli.Figures;
using MarginNet.Cli.Options;
using MarginNet.Cli.Output;

namespace MarginNet.Cli.Pages;

/// <summary>A stream that was watched for drift: the path of the evidence, and the alarms.</summary>
internal static class DriftPage
{
    public static Page Compose(DriftRecord record, string source, string command) => new(
        "Drift",
        Html.Format($"Evidence that {source} has drifted. By {DriftOptions.Describe(record.Monitor.Options)}."),
        command,
        [new("path", "Path", FigureHtml.Embed(MartingalePlot.Figure(record))), new("alarms", "Alarms", Alarms(record))])
    {
        Facts =
        [
            new("samples", Text($"{record.Monitor.Count:n0}")),
            new("alarms", Text($"{record.Alarms.Count:n0}")),
            new(
                "martingale", Text($"10^{record.Monitor.LogMartingale / Math.Log(10):f2}"),
                Text($"threshold {record.Monitor.Options.Threshold:g4}")),
        ],
    };

    private static Html Alarms(DriftRecord record) => record.Alarms.Count == 0
        ? Html.Format($"<p>There is none.</p>\n")
        : ScrollTable.Sortable(
            $"Each alarm.{ScrollTable.Cut(record.Alarms.Count, "the first", "--json drift.json has all")}",
            [
                ScrollTable.Head("sample"), ScrollTable.NumberHead("line"), ScrollTable.NumberHead("drift since about"),
                ScrollTable.NumberHead("power of ten"),
            ],
            record.Alarms.Take(ScrollTable.MostRows).Select(alarm => ScrollTable.Row(
                Text($"{alarm.Sample}"),
                [
                    ScrollTable.Number($"{alarm.Line}"), ScrollTable.Number($"{alarm.Start}"), ScrollTable.Number($"{alarm.Statistic:f3}"),
                ])),
            []);

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
