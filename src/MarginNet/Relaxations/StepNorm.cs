using MarginNet.Bounds;
using MarginNet.Graph.Operations;
using MarginNet.Native;
using TorchSharp;
using static TorchSharp.torch;

namespace MarginNet.Relaxations;

/// <summary>Proven bounds of the ℓ2 norms of affine steps in the values that they take.</summary>
internal static class StepNorm
{
    /// <summary>That of Lipschitz layers where the operation is made of such; else Schur's, √(‖W‖₁‖W‖∞).</summary>
    /// <param name="step">The step.</param>
    /// <param name="input">Which of the values.</param>
    public static double Of(RelaxedStep step, int input)
    {
        using var scope = NewDisposeScope();
        using var inference = no_grad();
        return step.Layer.HasOneInput() && Rearrangement.Shape(step.Layer.Shapes[step.Layer.Data]) is { } shape
            && step.Layer.Operation.Layers(step.Layer) is { } layers
            ? LayerChain.Product(layers, shape).Value : Schur(step, input);
    }

    private static double Schur(RelaxedStep step, int input)
    {
        using var gradients = enable_grad();
        var shapes = step.Layer.Shapes.Where((_, i) => !step.Layer.IsStored(i)).ToArray();
        Tensor[] Data(bool isOne) => [.. shapes.Select((shape, i) => i == input && isOne
            ? ones(shape.At(1), dtype: step.Type, requires_grad: true) : zeros(shape.At(1), dtype: step.Type))];
        var data = Data(isOne: true);
        var sums = step.Layer.Operation.Absolute(step.Layer, data);
        if (!sums.requires_grad)
        {
            return double.PositiveInfinity;
        }

        sums.sum().backward();
        var (whole, constant) = (sums.detach(), step.Layer.Operation.Absolute(step.Layer, Data(isOne: false)).detach());
        var columns = data[input].grad!;
        var unit = (step.Type == ScalarType.Float32 ? 6e-8 : Rounding.Unit) * 8 * (step.Terms + 8);
        var rows = (whole - constant).Plus(whole.Times(unit));
        // Both add up all of |W|: of what the gradient does not tell no norm is known.
        var (total, other) = (rows.sum().ToDouble(), columns.sum().ToDouble());
        return Math.Abs(total - other) <= 1e-3 * total
            ? Rounding.RootUp(Rounding.ProductUp(rows.max().ToDouble(), columns.max().ToDouble() * (1 + unit)))
            : double.PositiveInfinity;
    }
}
