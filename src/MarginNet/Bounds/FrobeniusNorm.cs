using MarginNet.Native;
using static TorchSharp.torch;

namespace MarginNet.Bounds;

/// <summary>
/// Frobenius norms √Σ|x|², rounded up, of numbers of any size. Where the squares would underflow or overflow, the numbers are first divided
/// by a power of two near the largest: what then still underflows is less than the rounding that is allowed for.
/// </summary>
internal static class FrobeniusNorm
{
    private const double Lowest = 1e-200; // Of a sum of squares: what underflowed in it is less than its rounding,
    private const double Highest = 1e300; // and nothing overflowed.

    /// <summary>The norm of all numbers of a tensor; +∞ where one is NaN or infinite.</summary>
    public static double Of(Tensor values)
    {
        using var scope = NewDisposeScope();
        return OfEach(values.detach().reshape(1, -1))[0];
    }

    /// <summary>The norm of each of the N parts of a tensor of shape [N, …].</summary>
    public static double[] OfEach(Tensor parts)
    {
        using var scope = NewDisposeScope();
        var sums = SumsOfSquares(parts);
        var terms = (parts.is_complex() ? 2 : 1) * parts[0].numel();
        if (Array.TrueForAll(sums, sum => sum is >= Lowest and <= Highest))
        {
            return Array.ConvertAll(sums, sum => Rounding.NormUp(Math.Sqrt(sum), terms));
        }

        var peaks = Peaks(parts);
        var scales = Array.ConvertAll(peaks, PowerOfTwo.Below);
        var inverses = tensor(Array.ConvertAll(scales, scale => 1 / scale), device: parts.device);
        var scaled = SumsOfSquares(parts * inverses.reshape([-1, .. Enumerable.Repeat(1L, (int)parts.dim() - 1)]));
        return
        [
            .. peaks.Select((peak, i) => double.IsFinite(peak)
                ? Rounding.ProductUp(Rounding.NormUp(Math.Sqrt(scaled[i]), terms), scales[i])
                : double.PositiveInfinity),
        ];
    }

    private static double[] SumsOfSquares(Tensor parts) =>
        Numbers((parts.is_complex() ? parts.real.Squared() + parts.imag.Squared() : parts.Squared()).sum(Others(parts)));

    /// <summary>The largest |x| of each part, of real and imaginary parts apart.</summary>
    private static double[] Peaks(Tensor parts) => Numbers(parts.is_complex()
        ? maximum(parts.real.abs().amax(Others(parts)), parts.imag.abs().amax(Others(parts)))
        : parts.abs().amax(Others(parts)));

    private static long[] Others(Tensor parts) => [.. Enumerable.Range(1, (int)parts.dim() - 1).Select(dimension => (long)dimension)];

    private static double[] Numbers(Tensor values) => values.to(ScalarType.Float64).cpu().data<double>().ToArray();
}
