using System.Collections.Immutable;
using System.Runtime.InteropServices;

namespace MarginNet.Verification;

/// <summary>Makes a property of asserted formulas: alternatives of the same box become one query.</summary>
/// <param name="inputs">The number of inputs.</param>
/// <param name="outputs">The number of outputs.</param>
internal sealed class PropertyBuilder(int inputs, int outputs)
{
    private const long MostNumbers = 1 << 24; // In all boxes, or in all rows, together.

    private readonly double[] _lower = Filled(inputs, double.NegativeInfinity);
    private readonly double[] _upper = Filled(inputs, double.PositiveInfinity);
    private readonly HashSet<OutputRow> _rows = new(ReferenceEqualityComparer.Instance);

    /// <summary>The property.</summary>
    /// <param name="common">What holds in all alternatives.</param>
    /// <param name="cases">What holds in each besides.</param>
    /// <exception cref="InvalidDataException">An input has no bounds, or nothing can be in them.</exception>
    public Property Build(IReadOnlyCollection<Comparison> common, IReadOnlyList<Comparison[]> cases)
    {
        if (Intersect(_lower, _upper, common.OfType<InputBound>()) is { } empty)
        {
            throw Contradiction(empty);
        }

        var queries = new Dictionary<string, (ImmutableArray<double> Lower, ImmutableArray<double> Upper, List<Conjunction> Unsafe)>();
        OutputRow[] always = [.. common.OfType<OutputRow>()];
        InputBound? contradiction = null;
        foreach (var each in cases)
        {
            var (lower, upper) = ((double[])_lower.Clone(), (double[])_upper.Clone());
            if (Intersect(lower, upper, each.OfType<InputBound>()) is { } wrong)
            {
                contradiction = wrong;
                continue; // It never holds.
            }

            ThrowIfUnbounded(lower, upper);
            OutputRow[] rows = [.. always, .. each.OfType<OutputRow>()];
            Limit(rows);
            var key = Key(lower, upper);
            if (!queries.TryGetValue(key, out var query))
            {
                query = (ImmutableCollectionsMarshal.AsImmutableArray(lower), ImmutableCollectionsMarshal.AsImmutableArray(upper), []);
                queries.Add(key, query);
                ThrowIfTooMany(2L * inputs * queries.Count, "boxes");
            }

            query.Unsafe.Add(new(
                [.. rows.Select(row => row.Weights(outputs))], [.. rows.Select(row => 0 - row.Form.Constant)]));
        }

        return queries.Count > 0 ? new([.. queries.Values.Select(query => new Query(query.Lower, query.Upper, [.. query.Unsafe]))])
            : throw Contradiction(contradiction!);
    }

    /// <summary>Brings bounds into a box.</summary>
    /// <returns>The bound that leaves nothing in it; null where there is none.</returns>
    private static InputBound? Intersect(double[] lower, double[] upper, IEnumerable<InputBound> bounds)
    {
        InputBound? empty = null;
        foreach (var bound in bounds)
        {
            var i = bound.Input;
            (lower[i], upper[i]) = bound.IsUpper
                ? (lower[i], Math.Min(upper[i], bound.Value))
                : (Math.Max(lower[i], bound.Value), upper[i]);
            empty ??= lower[i] > upper[i] ? bound : null;
        }

        return empty;
    }

    private static void ThrowIfUnbounded(double[] lower, double[] upper)
    {
        for (var i = 0; i < lower.Length; i++)
        {
            if (double.IsInfinity(lower[i]) || double.IsInfinity(upper[i]))
            {
                var (side, sign) = double.IsInfinity(lower[i]) ? ("least", ">=") : ("largest", "<=");
                throw new InvalidDataException($"input X_{i} has no {side} value: add (assert ({sign} X_{i} number)).");
            }
        }
    }

    private void Limit(OutputRow[] rows)
    {
        if (rows.Length == 0)
        {
            throw new InvalidDataException("it says nothing of the outputs, so that any input is a counterexample: "
                + "add an assert such as (assert (<= Y_0 Y_1)).");
        }

        _rows.UnionWith(rows);
        ThrowIfTooMany((long)_rows.Count * outputs, "comparisons of outputs");
    }

    private static void ThrowIfTooMany(long numbers, string things)
    {
        if (numbers > MostNumbers)
        {
            throw new InvalidDataException(
                $"its {things} have more than {MostNumbers} numbers together: split the property into several files.");
        }
    }

    private static InvalidDataException Contradiction(InputBound bound) =>
        bound.Source.Refusal($"the bounds of X_{bound.Input} exclude each other: expected a least value that is at most the largest.");

    private static string Key(double[] lower, double[] upper) =>
        string.Concat(MemoryMarshal.Cast<double, char>(lower), MemoryMarshal.Cast<double, char>(upper));

    private static double[] Filled(int count, double value)
    {
        var numbers = new double[count];
        Array.Fill(numbers, value);
        return numbers;
    }
}
