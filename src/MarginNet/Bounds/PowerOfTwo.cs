using TorchSharp;
using static TorchSharp.torch;

namespace MarginNet.Bounds;

/// <summary>Factors that change no digit of a number.</summary>
internal static class PowerOfTwo
{
    private const int MaxExponent = 1022; // The inverse has all its digits, too.

    /// <summary>The power of two next to a positive number from below, or near it where numbers end; 1 for what has none.</summary>
    public static double Below(double value) =>
        value > 0 && double.IsFinite(value) ? Math.ScaleB(1, Math.Clamp(Math.ILogB(value), -MaxExponent, MaxExponent)) : 1;

    /// <summary>The exponent e of the largest number of a tensor, of absolute value in [2ᵉ, 2ᵉ⁺¹);
    /// 0 where that is zero or not finite.</summary>
    public static int Exponent(Tensor values) =>
        values.abs().max().ToDouble() is > 0 and < double.PositiveInfinity and var peak ? Math.ILogB(peak) : 0;

    /// <summary>The numbers times 2ᵉ, which is exact but for underflow; in two steps, as the power itself may be no number.</summary>
    public static Tensor Times(Tensor values, int exponent) =>
        values * Math.ScaleB(1, exponent / 2) * Math.ScaleB(1, exponent - (exponent / 2));

    /// <summary>What <see cref="Times"/> may lose of each number.</summary>
    public static double Lost(int exponent) => exponent < 0 ? Rounding.Underflow(2) : 0;
}
