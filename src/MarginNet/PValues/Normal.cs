using MathNet.Numerics;

namespace MarginNet.PValues;

/// <summary>The standard normal distribution.</summary>
internal static class Normal
{
    /// <summary>Φ(z) = erfc(−z/√2)/2, which keeps its relative accuracy where 1 − Φ(−z) would round to 0.</summary>
    public static double LowerTail(double z) => 0.5 * SpecialFunctions.Erfc(-z * (1 / Constants.Sqrt2));
}
