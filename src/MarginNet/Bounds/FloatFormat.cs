using static TorchSharp.torch;

namespace MarginNet.Bounds;

/// <summary>The numbers that a network computes with, as far as their rounding is concerned.</summary>
/// <param name="Unit">The unit roundoff u: one operation is off by at most this share of its result,</param>
/// <param name="Smallest">and by no more than the smallest number above 0 where it underflows, which is gradual.</param>
/// <param name="Largest">The largest number.</param>
internal sealed record FloatFormat(double Unit, double Smallest, double Largest)
{
    public static FloatFormat Single { get; } = new(Math.ScaleB(1, -24), float.Epsilon, float.MaxValue);

    public static FloatFormat Double { get; } = new(Rounding.Unit, double.Epsilon, double.MaxValue);

    /// <summary>The format of a network's weights; float32 where it has none.</summary>
    /// <exception cref="NotSupportedException">They are of another type.</exception>
    public static FloatFormat Of(IEnumerable<Tensor> weights)
    {
        ScalarType[] types = [.. weights
            .Where(weight => weight.is_floating_point())
            .Select(weight => weight.dtype)
            .Distinct()];
        return types switch
        {
            [ScalarType.Float64] => Double,
            _ when Array.TrueForAll(types, type => type is ScalarType.Float32 or ScalarType.Float64) => Single,
            _ => throw new NotSupportedException(
                $"The rounding of a network of {string.Join(" and ", types)} is not known: make it float32 or float64."),
        };
    }

    /// <summary>What so many roundings of numbers come to that are as long as the bound says;
    /// each may lose a little more where it underflows.</summary>
    public AffineBound Roundings(double roundings, AffineBound numbers, long count)
    {
        var share = Rounding.ProductUp(roundings * Unit, Higher(roundings));
        return (numbers * share) + Rounding.ProductUp(roundings * Smallest, Rounding.RootUp(count));
    }

    /// <summary>The factor for roundings of what was rounded so many times before: 1 + 4nu where nu is at most 1/8,
    /// of no bound beyond.</summary>
    public double Higher(double roundings) => roundings * Unit <= 0.125 ? 1 + (4 * roundings * Unit) : double.PositiveInfinity;

    /// <summary>Half of the largest number, which rounding does not lead beyond.</summary>
    public double SafelyBelow => Largest / 2;
}
