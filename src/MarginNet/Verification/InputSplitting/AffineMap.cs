using MarginNet.Native;
using MarginNet.Relaxations;
using static TorchSharp.torch;

namespace MarginNet.Verification;

/// <summary>W·x + b with what its rounding depends on: the exact map is within γ(Terms)·Size of W, and γ(Terms)·BiasSize of b.</summary>
/// <param name="Weight">W, shape [outputs, inputs], float64.</param>
/// <param name="Size">At least |W|, and what |W| was summed of.</param>
/// <param name="Bias">b, shape [outputs].</param>
/// <param name="BiasSize">The same for b.</param>
/// <param name="Terms">How many roundings a number in W or b may have behind it, and the products in a sum of W·x before that.</param>
internal sealed record AffineMap(Tensor Weight, Tensor Size, Tensor Bias, Tensor BiasSize, long Terms)
{
    private const double Probe = 1L << 60; // So large that biases vanish beside weights.
    private const double Up = 1 + 1e-9;

    /// <summary>The map of one step of a network that takes one value.</summary>
    public static AffineMap Of(RelaxedStep step)
    {
        var (layer, operation) = (step.Layer, step.Layer.Operation);
        var input = layer.Shapes[layer.Data];
        var (inputs, outputs) = (input.Count.Count, step.Shape.Count.Count);
        var weight = operation.Transposed(layer, 0, eye(outputs, dtype: ScalarType.Float64).reshape(step.Shape.At(outputs)));
        var probes = eye(inputs, dtype: ScalarType.Float64).Times(Probe).reshape(input.At(inputs));
        var size = operation.Absolute(layer, [probes]).reshape(inputs, outputs).t().Over(Probe);
        var nothing = operation.Absolute(layer, [zeros(input.At(1), ScalarType.Float64)]).reshape(outputs);
        var bias = step.Bias is { } known ? known.reshape(outputs) : zeros(outputs, dtype: ScalarType.Float64);
        weight = weight.reshape(outputs, inputs);
        return new(weight, size.abs().maximum(weight.abs()).Times(Up), bias, nothing.abs().Times(Up), step.Terms);
    }

    /// <summary>x itself.</summary>
    public static AffineMap Identity(long count)
    {
        var (one, zero) = (eye(count, dtype: ScalarType.Float64), zeros(count, dtype: ScalarType.Float64));
        return new(one, one, zero, zero, 1);
    }

    /// <summary>This, and another of its value.</summary>
    public AffineMap Then(AffineMap next) => new(
        next.Weight.matmul(Weight), next.Size.matmul(Size).Times(Up), next.Weight.mv(Bias) + next.Bias,
        (next.Size.mv(BiasSize) + next.BiasSize).Times(Up), Terms + next.Terms + Weight.shape[0] + 4);
}
