using MathNet.Numerics.Optimization;
using MathNet.Numerics.RootFinding;

namespace MarginNet.Lipschitz;

/// <summary>The reverse Weibull distribution F(y) = exp(−((a − y)/b)^c) for y ≤ a:
/// the limit of the maxima of numbers that have an upper end a.</summary>
/// <param name="Location">The end point a.</param>
/// <param name="Scale">b, above 0.</param>
/// <param name="Shape">c, above 0.</param>
public sealed record ReverseWeibull(double Location, double Scale, double Shape)
{
    private const double LeastRange = 1e-6; // Of the numbers' size: what float32's rounding alone makes of one number.
    // Of the end point over the largest number, in ranges of the numbers: closer the density may have a pole,
    private const double MinExcess = 1e-4;
    private const double MaxExcess = 10; // and farther away they do not tell it from none.
    private const int Starts = 60;
    private const double MaxShape = 1e4;

    /// <summary>F(y).</summary>
    /// <param name="value">y.</param>
    public double Cdf(double value) => value >= Location ? 1 : Math.Exp(-Math.Pow((Location - value) / Scale, Shape));

    /// <summary>
    /// Fits the three numbers by maximum likelihood: for each end point b and c are those of a Weibull distribution of a − y,
    /// which has one maximum; what is left is searched from 60 end points, and the best interior maximum taken. Shapes of 1 and less,
    /// where the likelihood has no maximum, are left out.
    /// </summary>
    /// <param name="values">The numbers, at least two, finite.</param>
    /// <returns>The fit; null where the numbers are all alike, or the likelihood has no maximum less than ten ranges of
    /// the numbers above the largest.</returns>
    /// <exception cref="ArgumentException">There are fewer than two numbers, or one is not finite.</exception>
    public static ReverseWeibull? Fit(ReadOnlySpan<double> values)
    {
        var numbers = values.ToArray();
        if (numbers.Length < 2 || !Array.TrueForAll(numbers, double.IsFinite))
        {
            throw new ArgumentException($"Expected at least two finite numbers, but got {numbers.Length}.", nameof(values));
        }

        if (AreAlike(numbers))
        {
            return null;
        }

        var (least, largest) = (numbers.Min(), numbers.Max());
        var below = Array.ConvertAll(numbers, value => (largest - value) / (largest - least));
        double At(double logExcess) => Profile(below, Math.Exp(logExcess))?.LogLikelihood ?? double.NegativeInfinity;

        var step = Math.Log(MaxExcess / MinExcess) / (Starts - 1);
        var grid = Enumerable.Range(0, Starts).Select(i => Math.Log(MinExcess) + (i * step)).ToArray();
        var heights = Array.ConvertAll(grid, At);
        var peaks = Enumerable.Range(1, Starts - 2)
            .Where(i => double.IsFinite(heights[i - 1]) && heights[i] >= heights[i - 1] && heights[i] > heights[i + 1]);
        var refined =
            peaks.Select(i => GoldenSectionMinimizer.Minimum(
                ObjectiveFunction.ScalarValue(x => -At(x)), grid[i - 1], grid[i + 1], 1e-9, 200).MinimizingPoint).ToArray();
        if (refined.Length == 0)
        {
            return null;
        }

        var excess = Math.Exp(refined.MaxBy(At));
        var (scale, shape, _) = Profile(below, excess)!.Value;
        return new(largest + (excess * (largest - least)), scale * (largest - least), shape);
    }

    /// <summary>Whether the numbers differ by no more than rounding.</summary>
    internal static bool AreAlike(double[] numbers) => numbers.Max() - numbers.Min() <= LeastRange * numbers.Max(Math.Abs);

    /// <summary>The best scale and shape for an end point, and the logarithm of their likelihood; null where the shape would be 1 or less,
    /// or endless.</summary>
    private static (double Scale, double Shape, double LogLikelihood)? Profile(double[] below, double excess)
    {
        var logs = Array.ConvertAll(below, value => Math.Log(value + excess));
        var (mean, largest) = (logs.Average(), logs.Max());

        // The derivative of the likelihood in c is zero where Σ t^c ln t / Σ t^c − 1/c = mean ln t, whose left side grows with c.
        double Slope(double c)
        {
            var (weights, weighted) = (0.0, 0.0);
            foreach (var log in logs)
            {
                var weight = Math.Exp(c * (log - largest));
                (weights, weighted) = (weights + weight, weighted + (weight * log));
            }

            return (weighted / weights) - (1 / c) - mean;
        }

        var high = 2.0;
        while (high < MaxShape && Slope(high) < 0)
        {
            high *= 2;
        }

        if (high >= MaxShape || Slope(1) >= 0 || !Brent.TryFindRoot(Slope, 1, high, 1e-10, 200, out var shape))
        {
            return null;
        }

        var logScale = largest + (Math.Log(logs.Average(log => Math.Exp(shape * (log - largest)))) / shape);
        return (Math.Exp(logScale), shape, logs.Length * (Math.Log(shape) - (shape * logScale) + ((shape - 1) * mean) - 1));
    }
}
