using MarginNet.Native;
using static TorchSharp.torch;

namespace MarginNet.Bounds;

/// <summary>A multiplier for each hidden unit, and what they bound, for each of B programs.</summary>
/// <param name="Units">T, shape [B, K], float64, positive.</param>
/// <param name="Bound">ρ, shape [B].</param>
/// <param name="Gap">About by how much the least ρ may be smaller, shape [B].</param>
internal sealed record Multipliers(Tensor Units, Tensor Bound, Tensor Gap)
{
    /// <summary>Those of ρ times a factor; a larger one leaves room around what was feasible.</summary>
    public Multipliers Times(double factor) => new(Units.Times(factor), Bound.Times(factor), Gap.Times(factor));

    public Multipliers MoveToOuterScope() =>
        new(Units.MoveToOuterDisposeScope(), Bound.MoveToOuterDisposeScope(), Gap.MoveToOuterDisposeScope());
}
