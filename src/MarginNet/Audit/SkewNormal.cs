using MarginNet.PValues;
using MathNet.Numerics.Integration;

namespace MarginNet.Audit;

/// <summary>
/// The skew-normal law of ξ + ψ|U| + γV, with U and V standard normal (Azzalini, 1985, in the form of Henze): skewed to the side of the
/// sign of ψ, normal where ψ = 0.
/// </summary>
/// <param name="Location">ξ.</param>
/// <param name="Skew">ψ, in units of the data.</param>
/// <param name="Scale">γ, above 0.</param>
public readonly record struct SkewNormal(double Location, double Skew, double Scale)
{
    private const double HalfLogTwoPi = 0.91893853320467274178;
    private const int QuadraturePoints = 64;

    /// <summary>The mean ξ + ψ √(2/π).</summary>
    public double Mean => Location + (Skew * Math.Sqrt(2 / Math.PI));

    /// <summary>The standard deviation √(γ² + ψ²(1 − 2/π)).</summary>
    public double StandardDeviation => Math.Sqrt((Scale * Scale) + (Skew * Skew * (1 - (2 / Math.PI))));

    private double Spread => Math.Sqrt((Scale * Scale) + (Skew * Skew));

    /// <summary>Computes log p(x), p(x) = 2/ω φ((x − ξ)/ω) Φ(ψ/γ · (x − ξ)/ω) with ω² = γ² + ψ².</summary>
    /// <param name="x">The point, finite.</param>
    public double LogDensity(double x)
    {
        var z = (x - Location) / Spread;
        return Math.Log(2 / Spread) - HalfLogTwoPi - (0.5 * z * z) + LogLowerTail(Skew / Scale * z);
    }

    /// <summary>Computes P(X ≤ x) = Φ(z) − 2T(z, ψ/γ), T Owen's function, to about 1e-12.</summary>
    /// <param name="x">The point; an infinity gives exactly 0 or 1.</param>
    /// <returns>A probability in [0, 1].</returns>
    public double LowerTail(double x)
    {
        if (double.IsInfinity(x))
        {
            return x < 0 ? 0 : 1;
        }

        var z = (x - Location) / Spread;
        return Math.Clamp(Normal.LowerTail(z) - (2 * Owen(z, Skew / Scale)), 0, 1);
    }

    /// <summary>The moments E[T | x] and E[T² | x] of the hidden T = |U|, whose law given x is a normal one above 0.</summary>
    internal (double First, double Second) HiddenMoments(double x)
    {
        var (mean, deviation) = (Skew * (x - Location) / (Spread * Spread), Scale / Spread);
        var ratio = mean / deviation;
        var hazard = Math.Exp((-0.5 * ratio * ratio) - HalfLogTwoPi - LogLowerTail(ratio));
        return (mean + (deviation * hazard), (mean * mean) + (deviation * deviation) + (mean * deviation * hazard));
    }

    internal double Draw(Random random) =>
        Location + (Skew * Math.Abs(Standard(random))) + (Scale * Standard(random));

    private static double Standard(Random random) =>
        Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());

    /// <summary>log Φ(z); by the leading term of Mills' ratio where Φ is too small for a number.</summary>
    private static double LogLowerTail(double z) =>
        z > -37 ? Math.Log(Normal.LowerTail(z)) : (-0.5 * z * z) - HalfLogTwoPi - Math.Log(-z);

    /// <summary>T(h, a) = 1/(2π) ∫₀ᵃ exp(−h²(1 + x²)/2)/(1 + x²) dx, with |a| ≤ 1 by quadrature and the rest by its reflection.</summary>
    private static double Owen(double h, double a)
    {
        if (a < 0)
        {
            return -Owen(h, -a);
        }

        if (a > 1)
        {
            var (own, scaled) = (Normal.LowerTail(h), Normal.LowerTail(a * h));
            return (0.5 * (own + scaled)) - (own * scaled) - Owen(a * h, 1 / a);
        }

        double Integrand(double x) => Math.Exp(-0.5 * h * h * (1 + (x * x))) / (1 + (x * x));
        return GaussLegendreRule.Integrate(Integrand, 0, a, QuadraturePoints) / (2 * Math.PI);
    }
}
