using static TorchSharp.torch;

namespace MarginNet.Bounds;

/// <summary>How far the absolute row sums T of WWᵀ may be off when they are summed in float64, in any order.</summary>
internal static class RowSumError
{
    /// <summary>Computes a bound of the relative error of each T, and of what roots, quotients and products make of it.</summary>
    /// <param name="weight">W, shape [hidden, in, …].</param>
    /// <param name="inverse">1/T as computed, shape [hidden].</param>
    public static double Of(Tensor weight, Tensor inverse)
    {
        using var scope = NewDisposeScope();
        // All shifts together have the products of the sums over the taps.
        var absolute = weight.detach().to(ScalarType.Float64).abs().reshape(weight.shape[0], weight.shape[1], -1).sum(2);
        var terms = absolute.mv(absolute.sum([0])) * inverse;
        // A sum for each shift, and of all of them.
        var gamma = Rounding.Gamma((weight.numel() / weight.shape[0]) + (4 * weight.numel() / weight.shape[1]) + 16);
        return Rounding.SumUp(Rounding.ProductUp(2 * gamma, terms.max().item<double>()), 16 * Rounding.Unit);
    }
}
