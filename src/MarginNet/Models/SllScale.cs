using static TorchSharp.torch;

namespace MarginNet.Models;

/// <summary>
/// The SDP-based Lipschitz layer (Araujo et al., 2023): x − 2WᵀT⁻¹ReLU(Wx + b) with T diagonal and T ⪰ WWᵀ, for which the absolute
/// row sums of WWᵀ do. Between two inputs it is I − GᵀDG with G = √2 T^(−1/2) W, ‖G‖² ≤ 2 and D in [0, 1]: of norm at most 1.
/// </summary>
/// <remarks>The input itself passes, so that a deep stack does not collapse to a constant, as plain 1-Lipschitz layers may.</remarks>
internal static class SllScale
{
    private const float Floor = 1e-12f; // A larger T is as good, and a unit whose weights are all zero needs one.

    /// <summary>Makes of the absolute row sums of WWᵀ, shape [hidden], the diagonal of 2T⁻¹; the caller disposes it.</summary>
    public static Tensor Of(Tensor rowSums)
    {
        using var scope = NewDisposeScope();
        return (2 / rowSums.clamp_min(Floor)).MoveToOuterDisposeScope();
    }
}
