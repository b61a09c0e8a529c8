namespace MarginNet.Bounds;

/// <summary>Arithmetic of nonnegative doubles rounded away from the unsafe side:
/// one step beyond the nearest number is beyond the truth.</summary>
internal static class Rounding
{
    /// <summary>The unit roundoff u of doubles: one operation is off by at most this share of its result.</summary>
    public const double Unit = 1.1102230246251565e-16;

    /// <summary>The smallest number with all its digits.</summary>
    public const double SmallestNormal = 2.2250738585072014e-308;

    public static double ProductUp(double left, double right) =>
        left == 0 || right == 0 ? 0 : Up(left * right); // Zero times an infinite bound is zero: a constant map stays one.

    public static double SumUp(double left, double right) => left == 0 ? right : right == 0 ? left : Up(left + right);

    public static double RootUp(double value) => value == 0 ? 0 : Up(Math.Sqrt(value));

    public static double QuotientUp(double left, double right) => left == 0 ? 0 : Up(left / right);

    /// <summary>At most the quotient, and so finite; 0 where there is none, such as ∞/∞.</summary>
    public static double QuotientDown(double left, double right) =>
        left == 0 || double.IsNaN(left / right) ? 0 : Math.Max(0, Math.BitDecrement(left / right));

    /// <summary>The value times a power of two of any size.</summary>
    public static double ScaleUp(double value, int exponent) => value == 0 || exponent == 0 ? value : Up(Math.ScaleB(value, exponent));

    /// <summary>γₙ = nu/(1 − nu) with room to spare: the share by which a sum of n products may be off,
    /// in any order of summation.</summary>
    public static double Gamma(long terms) => 2 * terms * Unit;

    /// <summary>What so many operations may lose by underflow, each the smallest normal number at most,
    /// whether it is rounded or flushed to zero.</summary>
    public static double Underflow(long operations) => operations * SmallestNormal;

    /// <summary>A norm computed from so many numbers, raised by what its rounding may have taken away; +∞ where it overflowed.</summary>
    public static double NormUp(double computed, long terms) =>
        computed == 0 ? 0 : Up(computed * (1 + Gamma(terms + 8)));

    /// <summary>The length of a vector of nonnegative numbers.</summary>
    public static double Norm(IEnumerable<double> values) =>
        RootUp(values.Aggregate(0.0, (sum, value) => SumUp(sum, ProductUp(value, value))));

    /// <summary>The next number up; of what overflowed to no number at all, +∞.</summary>
    private static double Up(double value) => double.IsNaN(value) ? double.PositiveInfinity : Math.BitIncrement(value);
}
