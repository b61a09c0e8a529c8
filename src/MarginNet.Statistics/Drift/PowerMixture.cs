using MathNet.Numerics.Integration;

namespace MarginNet.Drift;

/// <summary>
/// The mixture of all power martingales, S = ∫₀¹ Πᵢ ε pᵢ^(ε − 1) dε (Vovk, Nouretdinov and Gammerman, 2003), which needs no ε chosen. With
/// L = −Σ ln pᵢ of n p-values it is ∫₀¹ εⁿ e^((1 − ε)L) dε = e^L γ(n + 1, L)/L^(n + 1).
/// </summary>
public sealed class PowerMixture : TestMartingale
{
    private const double Negligible = 40; // What is e⁻⁴⁰ of the largest value adds nothing.

    private static readonly GaussLegendreRule Rule = new(-1, 1, order: 64);

    private double _count;
    private double _minusLogs;

    private protected override void Bet(double p)
    {
        _count++;
        _minusLogs -= Math.Log(p);
        LogValue = LogIntegral(_count, _minusLogs);
    }

    internal override double[] ToNumbers() => [LogValue, _count, _minusLogs];

    internal override void Restore(ReadOnlySpan<double> numbers) =>
        (LogValue, _count, _minusLogs) = (numbers[0], numbers[1], numbers[2]);

    /// <summary>
    /// ln ∫₀¹ εⁿ e^((1 − ε)L) dε by Gauss and Legendre's rule, in t = ε^(1/3), in which the integrand is log-concave and nearly
    /// normal (Wilson and Hilferty), so that a few points around its mode will do for any n.
    /// </summary>
    internal static double LogIntegral(double n, double l)
    {
        var power = (3 * n) + 2; // 3 tᵖᵒʷᵉʳ e^((1 − t³)L) dt
        double LogDensity(double t) => (power * Math.Log(t)) + ((1 - (t * t * t)) * l);

        var mode = Math.Min(1, Math.Cbrt(power / (3 * l)));
        var slope = Math.Max(0, power - (3 * l)); // at t = 1, where it has no mode before
        var low = Math.Max(0, mode - Math.Min(Negligible / slope, mode * Math.Sqrt(2 * Negligible / power)));
        var high = Math.Min(1, mode + Math.Sqrt(2 * Negligible / (6 * l * mode)));
        var (largest, sum) = (LogDensity(mode), 0.0);
        for (var i = 0; i < Rule.Order; i++)
        {
            var t = low + (0.5 * (high - low) * (1 + Rule.GetAbscissa(i)));
            sum += Rule.GetWeight(i) * Math.Exp(LogDensity(t) - largest);
        }

        return largest + Math.Log(1.5 * (high - low) * sum);
    }
}
