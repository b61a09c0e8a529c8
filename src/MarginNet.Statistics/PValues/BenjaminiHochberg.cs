namespace MarginNet.PValues;

/// <summary>
/// Adjustment of many p-values for a false-discovery rate (Benjamini and Hochberg 1995).
/// Flagging the samples whose adjusted p-value is at most q keeps the expected share of false alarms among them at most q.
/// </summary>
public static class BenjaminiHochberg
{
    /// <summary>Computes p̃₍ᵢ₎ = min over j ≥ i of min(1, (n/j) p₍ⱼ₎), p₍ⱼ₎ being the j-th smallest.</summary>
    /// <param name="pValues">p-values, shape [N], each in [0, 1].</param>
    /// <returns>Adjusted p-values in the order given, shape [N], each in [0, 1] and no smaller than the p-value itself.</returns>
    /// <exception cref="ArgumentException">A p-value is outside [0, 1] or NaN.</exception>
    public static double[] Adjust(ReadOnlySpan<double> pValues)
    {
        var sorted = pValues.ToArray();
        var indices = new int[sorted.Length];
        for (var i = 0; i < indices.Length; i++)
        {
            if (sorted[i] is not (>= 0 and <= 1))
                throw new ArgumentException(
                    FormattableString.Invariant($"Expected p-values in [0, 1], but the one at index {i} is {sorted[i]}."), nameof(pValues));

            indices[i] = i;
        }

        Array.Sort(sorted, indices);
        var adjusted = new double[sorted.Length];
        var smallest = 1.0;
        for (var rank = sorted.Length; rank >= 1; rank--)
        {
            smallest = Math.Min(smallest, sorted[rank - 1] * sorted.Length / rank);
            adjusted[indices[rank - 1]] = smallest;
        }

        return adjusted;
    }
}
