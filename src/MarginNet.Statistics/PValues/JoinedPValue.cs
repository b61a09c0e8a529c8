namespace MarginNet.PValues;

/// <summary>
/// One p-value of several of the same sample, such as the margin's and that of its features. Each says for which dependence of the
/// given ones it is a
/// p-value itself, if they are: P(p ≤ α) ≤ α for typical samples and all α.
/// </summary>
public static class JoinedPValue
{
    /// <summary>Computes P(χ²₂ₙ ≥ −2 Σ log pᵢ) (Fisher 1932): for independent p-values. Of dependent ones it is too small:
    /// of n equal ones it is as if each said something of its own.</summary>
    /// <param name="pValues">The n ≥ 1 p-values, each in [0, 1].</param>
    /// <returns>A number in [0, 1]; 0 where one is 0.</returns>
    /// <exception cref="ArgumentException">There is none, or one is outside [0, 1].</exception>
    public static double Fisher(params ReadOnlySpan<double> pValues)
    {
        ThrowIfInvalid(pValues);
        var half = 0.0;
        foreach (var p in pValues)
            half -= Math.Log(p);

        if (double.IsPositiveInfinity(half))
            return 0;

        // An even number of degrees of freedom: exp(−x/2) Σ over i < n of (x/2)ⁱ/i!.
        var (term, sum) = (1.0, 1.0);
        for (var i = 1; i < pValues.Length; i++)
        {
            term *= half / i;
            sum += term;
        }

        return Math.Min(1, Math.Exp(-half) * sum);
    }

    /// <summary>Computes the upper tail of a Cauchy variable at the mean of tan((½ − pᵢ)π) (Liu and Xie 2020): exact for independent
    /// p-values and for
    /// equal ones; for others in the limit of small α where their test statistics are pairwise normal, and a little off else.</summary>
    /// <param name="pValues">The n ≥ 1 p-values, each in [0, 1]; one of exactly 1 outweighs all but those near 0.</param>
    /// <returns>A number in [0, 1]; 0 where one is 0.</returns>
    /// <exception cref="ArgumentException">There is none, or one is outside [0, 1].</exception>
    public static double Cauchy(params ReadOnlySpan<double> pValues)
    {
        ThrowIfInvalid(pValues);
        var mean = 0.0;
        foreach (var p in pValues)
        {
            if (p == 0)
                return 0;

            // 1/tan(πp), with the smaller of p and 1 − p, which does not lose digits.
            mean += (p <= 0.5 ? 1 : -1) / Math.Tan(Math.PI * Math.Max(Math.Min(p, 1 - p), double.Epsilon)) / pValues.Length;
        }

        var tail = Math.Atan2(1, Math.Abs(mean)) / Math.PI;
        return mean >= 0 ? tail : 1 - tail;
    }

    /// <summary>Computes min(1, aₙ n/Σ 1/pᵢ), the harmonic mean times a₁ = 1, a₂ = 2 and aₙ = e log n (Vovk and Wang 2020): for
    /// p-values of any
    /// dependence. Without the factor (Wilson 2019) it would be none.</summary>
    /// <param name="pValues">The n ≥ 1 p-values, each in [0, 1].</param>
    /// <returns>A number in [0, 1]; 0 where one is 0.</returns>
    /// <exception cref="ArgumentException">There is none, or one is outside [0, 1].</exception>
    public static double HarmonicMean(params ReadOnlySpan<double> pValues)
    {
        ThrowIfInvalid(pValues);
        var sum = 0.0;
        foreach (var p in pValues)
            sum += 1 / p;

        var factor = pValues.Length switch
        {
            1 => 1,
            2 => 2,
            var n => Math.E * Math.Log(n),
        };
        return Math.Min(1, factor * pValues.Length / sum);
    }

    private static void ThrowIfInvalid(ReadOnlySpan<double> pValues)
    {
        if (pValues.IsEmpty)
            throw new ArgumentException("Expected at least one p-value, but got none.", nameof(pValues));

        for (var i = 0; i < pValues.Length; i++)
            if (pValues[i] is not (>= 0 and <= 1))
                throw new ArgumentException(
                    FormattableString.Invariant($"Expected p-values in [0, 1], but the one at index {i} is {pValues[i]}."),
                    nameof(pValues));
    }
}
