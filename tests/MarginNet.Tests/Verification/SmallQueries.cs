using System.Collections.Immutable;
using MarginNet.Verification;

namespace MarginNet.Tests.Verification;

/// <summary>Random queries.</summary>
internal static class SmallQueries
{
    /// <summary>A box about 0, some of whose inputs may be fixed, and one to three conjunctions of one to three rows.</summary>
    public static Query Random(Random random, int inputs, int outputs, bool fixes = false)
    {
        double Number() => (float)((random.NextDouble() * 2) - 1);
        double[] one = [.. Enumerable.Range(0, inputs).Select(_ => 2 * Number())];
        double[] other = [.. one.Select(end => fixes && random.Next(2) == 0 ? end : 2 * Number())];
        ImmutableArray<double> Row() => [.. Enumerable.Range(0, outputs).Select(_ => Number())];
        Conjunction Conjunction(int rows) => new(
            [.. Enumerable.Range(0, rows).Select(_ => Row())], [.. Enumerable.Range(0, rows).Select(_ => Number() / 2)]);
        return new(
            [.. one.Zip(other, Math.Min)], [.. one.Zip(other, Math.Max)],
            [.. Enumerable.Range(0, random.Next(1, 4)).Select(_ => Conjunction(random.Next(1, 4)))]);
    }

    /// <summary>The same with other limits, by which every excess is less by as much.</summary>
    public static Query Raised(this Query query, double amount) => query with
    {
        Unsafe = [.. query.Unsafe.Select(rows => rows with { Limits = [.. rows.Limits.Select(limit => limit + amount)] })],
    };

    /// <summary>The same for outputs that are so many times as large.</summary>
    public static Query Scaled(this Query query, double scale) => query with
    {
        Unsafe = [.. query.Unsafe.Select(rows => rows with { Limits = [.. rows.Limits.Select(limit => limit * scale)] })],
    };

    /// <summary>How far outputs are from unsafe.</summary>
    public static double Excess(this Query query, double[] outputs) => query.Unsafe.Min(conjunction => conjunction.Excess(outputs));

    /// <summary>A point of the box, at its sides more often.</summary>
    public static double[] Point(this Query query, Random random) => [.. query.Lower.Zip(query.Upper, (lower, upper) =>
        Math.Clamp(lower + ((upper - lower) * ((random.NextDouble() * 1.2) - 0.1)), lower, upper))];
}
