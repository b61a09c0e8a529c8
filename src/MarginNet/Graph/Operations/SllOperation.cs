using MarginNet.Bounds;
using TorchSharp;
using static TorchSharp.torch;

namespace MarginNet.Graph.Operations;

/// <summary>
/// The SDP-based Lipschitz layer (Araujo et al., 2023): x − 2WᵀT⁻¹ReLU(Wx + b) with T diagonal and T ⪰ WWᵀ, for which the absolute
/// row sums of WWᵀ do. Between two inputs it is I − GᵀDG with G = √2 T^(−1/2) W, ‖G‖² ≤ 2 and D in [0, 1]:
/// 1-Lipschitz in ℓ2 whatever its weights.
/// </summary>
/// <remarks>Inputs: x, W [hidden, …] and b [hidden]. ONNX has its parts, but not what makes T of W.</remarks>
internal abstract record SllOperation : Operation
{
    private const double MapError = 8 * Rounding.Unit; // Of W√S: a root and a product.

    private const float Floor = 1e-12f; // A larger T is as good, and a unit whose weights are all zero needs one.

    public sealed override ParameterRole Role(int input) => input > 0 ? ParameterRole.Weight : ParameterRole.Constant;

    public sealed override IReadOnlyList<Layer>? Layers(LayerNode node)
    {
        if (node.IsTraining)
        {
            return [Layer(node.Name, node.Weight(1), 0, node.Weight(2))]; // Its norm is 1 there whatever its weights.
        }

        var weight = node.Stored(1);
        var scale = Scale(weight.to(ScalarType.Float64));
        // How far rounding in float64 may have S = 2T⁻¹ off.
        var share = RowSumError.Of(weight, scale / 2);
        var roots = node.Take(scale.sqrt());
        var bias = node.Take(node.Stored(2).to(ScalarType.Float64) * scale.sqrt());
        var map = node.Take(weight.to(ScalarType.Float64) * Shaped(scale.sqrt(), weight));
        return
        [
            Layer(node.Name, map, MapError + share, bias) with
            {
                Scale = (roots.min().ToDouble(), roots.max().ToDouble()),
                ScaleShare = share,
            },
        ];
    }

    /// <summary>The way back, 2T⁻¹W in the shape of W; differentiable.</summary>
    /// <param name="weight">W.</param>
    /// <param name="type">The type of the result.</param>
    /// <param name="isTraining">Whether T is summed in W's own type; in evaluation that is float64, so that it is the same in any order
    /// of summation.</param>
    protected Tensor Back(Tensor weight, ScalarType type, bool isTraining)
    {
        var precise = isTraining ? weight : weight.to(ScalarType.Float64);
        return (precise * Shaped(Scale(precise), precise)).to(type);
    }

    /// <summary>The layer of the map G with its bias √S b.</summary>
    protected abstract SllLayer Layer(string name, Tensor map, double relativeError, Tensor bias);

    /// <summary>The absolute row sums of WWᵀ, shape [hidden].</summary>
    protected abstract Tensor RowSums(Tensor weight);

    private Tensor Scale(Tensor weight) => 2 / RowSums(weight).clamp_min(Floor);

    private static Tensor Shaped(Tensor scale, Tensor weight) =>
        scale.reshape([-1, .. Enumerable.Repeat(1L, (int)weight.dim() - 1)]);
}
