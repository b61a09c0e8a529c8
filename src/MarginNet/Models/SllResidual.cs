using static TorchSharp.torch;

namespace MarginNet.Models;

/// <summary>
/// The SDP-based Lipschitz layer (Araujo et al., 2023): x − 2WᵀT⁻¹ReLU(Wx + b) with T diagonal and T ⪰ WWᵀ, for which the absolute
/// row sums of WWᵀ do. Between two inputs it is I − GᵀDG with G = √2 T^(−1/2) W, ‖G‖² ≤ 2 and D in [0, 1]:
/// 1-Lipschitz in ℓ2 whatever its weights.
/// </summary>
/// <remarks>The input itself passes, so that a deep stack does not collapse to a constant, as plain 1-Lipschitz layers may.</remarks>
internal abstract class SllResidual : nn.Module<Tensor, Tensor>
{
    private const float Floor = 1e-12f; // A larger T is as good, and a unit whose weights are all zero needs one.

    /// <summary>Makes the layer with fresh weights from torch's global generator.</summary>
    /// <param name="name">The module's name.</param>
    /// <param name="shape">The shape of W: [hidden, …].</param>
    protected SllResidual(string name, params long[] shape)
        : base(name)
    {
        register_parameter("weight", nn.Parameter(empty(shape)));
        register_parameter("bias", nn.Parameter(zeros(shape[0])));
        nn.init.xavier_normal_(Weight);
    }

    /// <summary>W, shape [hidden, …].</summary>
    protected Tensor Weight => get_parameter("weight")!;

    /// <summary>b, shape [hidden].</summary>
    public Tensor Bias => get_parameter("bias")!;

    /// <summary>G in the shape of W, float64; the caller disposes it.</summary>
    public Tensor Map()
    {
        using var scope = NewDisposeScope();
        var weight = Weight.to(ScalarType.Float64);
        return (weight * Shaped(Scale(weight).sqrt())).MoveToOuterDisposeScope();
    }

    /// <summary>The way back, 2T⁻¹W in the shape of W; differentiable; the caller disposes it. In evaluation T is summed in float64,
    /// so that it is the same in any order of summation.</summary>
    public Tensor Back() => Back(Weight.dtype);

    /// <summary>The same in another type.</summary>
    protected Tensor Back(ScalarType type)
    {
        using var scope = NewDisposeScope();
        var weight = training ? Weight : Weight.to(ScalarType.Float64);
        return (weight * Shaped(Scale(weight))).to(type).MoveToOuterDisposeScope();
    }

    /// <summary>The diagonal of 2T⁻¹, shape [hidden], float64; the caller disposes it.</summary>
    public Tensor Scale()
    {
        using var scope = NewDisposeScope();
        return Scale(Weight.to(ScalarType.Float64)).MoveToOuterDisposeScope();
    }

    /// <summary>The share by which rounding in float64 may have <see cref="Scale()"/> differ from 2T⁻¹.</summary>
    public double ScaleError()
    {
        using var scope = NewDisposeScope();
        return RowSumError.Of(Weight, Scale() / 2);
    }

    /// <summary>The absolute row sums of WWᵀ, shape [hidden]; the caller disposes them.</summary>
    protected abstract Tensor RowSums(Tensor weight);

    private Tensor Scale(Tensor weight) => 2 / RowSums(weight).clamp_min(Floor);

    private Tensor Shaped(Tensor scale) => scale.reshape([-1, .. Enumerable.Repeat(1L, (int)Weight.dim() - 1)]);
}
