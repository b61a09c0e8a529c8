using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace MarginNet.Models;

/// <summary>The residual layer of vectors.</summary>
/// <param name="features">Length of its input and output.</param>
/// <param name="hidden">Units inside.</param>
internal sealed class SllLinear(int features, int hidden) : SllResidual(nameof(SllLinear), hidden, features)
{
    /// <summary>In evaluation its long sums are formed in float64 and rounded once, for the sake of certified radii.</summary>
    public override Tensor forward(Tensor input)
    {
        using var scope = NewDisposeScope();
        var precision = training ? input.dtype : ScalarType.Float64;
        var x = input.to(precision);
        var inner = F.relu(F.linear(x, Weight.to(precision), Bias.to(precision)), inplace: true);
        return (x - inner.mm(Back(precision))).to(input.dtype).MoveToOuterDisposeScope();
    }

    protected override Tensor RowSums(Tensor weight)
    {
        using var scope = NewDisposeScope();
        return weight.mm(weight.t()).abs().sum(1).MoveToOuterDisposeScope();
    }
}
