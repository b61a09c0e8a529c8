namespace MarginNet.Lipschitz;

/// <summary>The one-sample test of Kolmogorov and Smirnov.</summary>
internal static class KolmogorovSmirnov
{
    /// <summary>The largest distance between the empirical distribution function of some numbers and a continuous one.</summary>
    public static double Distance(IEnumerable<double> numbers, Func<double, double> distribution)
    {
        double[] probabilities = [.. numbers.Select(distribution).Order()];
        return probabilities.Select(
            (p, i) => Math.Max(p - ((double)i / probabilities.Length), ((i + 1.0) / probabilities.Length) - p)).Max();
    }

    /// <summary>
    /// The probability of a larger distance, if the numbers are from that distribution: Kolmogorov's limit 2Σ(−1)^(k−1)e^(−2k²λ²) at
    /// Stephens' λ = (√n + 0.12 + 0.11/√n)D, which is good from a handful of numbers on.
    /// </summary>
    public static double PValue(double distance, int count)
    {
        var root = Math.Sqrt(count);
        var lambda = (root + 0.12 + (0.11 / root)) * distance;
        if (lambda < 0.2)
        {
            return 1; // To 1e-12; the series converges slowly there.
        }

        var sum = 0.0;
        for (var k = 1; k <= 20; k++)
        {
            sum += (k % 2 == 1 ? 2 : -2) * Math.Exp(-2 * k * k * lambda * lambda);
        }

        return Math.Clamp(sum, 0, 1);
    }
}
