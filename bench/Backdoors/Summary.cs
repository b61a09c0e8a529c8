using System.Globalization;
using MarginNet.Detection;

namespace MarginNet.BackdoorBench;

/// <summary>What the rows of trials say of the test: rates at a level, how well p-values part poisoned from clean networks,
/// and how they are distributed.</summary>
internal static class Summary
{
    private const double Alpha = 0.05;
    private const int Bins = 10;
    private static readonly (string Name, Func<Row, double> Of)[] PValues =
        [("p", row => row.PValue), ("calibrated p", row => row.Calibrated)];

    public static void Write(IReadOnlyList<Row> rows, TextWriter output)
    {
        foreach (var (name, p) in PValues)
        {
            foreach (var kind in rows.GroupBy(row => (row.Loss, row.Trigger)))
            {
                output.WriteLine($"{kind.Key.Loss} {kind.Key.Trigger}: {name} {Rate([.. kind], p)}");
            }

            output.WriteLine($"all poisoned: {name} {Rate([.. rows.Where(row => row.IsPoisoned)], p)}");
        }

        foreach (var training in rows.GroupBy(row => row.Loss))
        {
            foreach (var (name, p) in PValues)
            {
                double[] Of(bool poisoned) =>
                    [.. training.Where(row => row.IsPoisoned == poisoned).Select(p).Where(double.IsFinite).Order()];
                var (clean, poisoned) = (Of(poisoned: false), Of(poisoned: true));
                if (clean.Length > 0 && poisoned.Length > 0)
                {
                    var report = DetectionReport.Compute(clean, poisoned);
                    output.WriteLine(
                        Text($"{training.Key} {name}: AUROC {report.Metrics.Auroc:f3} [{report.Auroc.Low:f2}, {report.Auroc.High:f2}]"));
                }

                output.WriteLine($"  clean in tenths of [0, 1]: {Histogram(clean)}; poisoned: {Histogram(poisoned)}");
                output.WriteLine($"  clean: {Sorted(clean)}; poisoned: {Sorted(poisoned)}");
            }

            double[] shapes = [.. training.Where(row => !row.IsPoisoned).Select(row => row.Shape).Order()];
            output.WriteLine($"{training.Key}: shape of the null of clean networks {Sorted(shapes)}");
        }
    }

    private static string Rate(Row[] rows, Func<Row, double> p)
    {
        Row[] suspected = [.. rows.Where(row => p(row) <= Alpha)];
        var share = new Proportion(suspected.Length, rows.Length);
        var interval = share.ExactInterval();
        return Text($"<= {Alpha} of {share.Count} of {share.Total} [{interval.Low:f2}, {interval.High:f2}], ")
            + $"the target named in {suspected.Count(row => row.IsTarget)}, its margin the largest in {rows.Count(row => row.IsTarget)}";
    }

    private static string Histogram(double[] values) => string.Join(
        ' ', Enumerable.Range(0, Bins).Select(bin => values.Count(value => Math.Min((int)(value * Bins), Bins - 1) == bin)));

    private static string Sorted(double[] values) => string.Join(' ', values.Select(value => Text($"{value:g3}")));

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
