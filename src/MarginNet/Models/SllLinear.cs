using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace MarginNet.Models;

/// <summary>The residual layer of vectors.</summary>
/// <param name="features">Length of its input and output.</param>
/// <param name="hidden">Units inside.</param>
internal sealed class SllLinear(int features, int hidden) : SllResidual(nameof(SllLinear), hidden, features)
{
    public override Tensor forward(Tensor input)
    {
        using var scope = NewDisposeScope();
        if (!training)
        {
            var hidden = F.relu(BlockedSums.Multiply(input, Weight).add_(Bias), inplace: true);
            return (input - BlockedSums.Multiply(hidden, Back().t())).MoveToOuterDisposeScope();
        }

        var inner = F.relu(F.linear(input, Weight, Bias), inplace: true);
        return (input - inner.mm(Back())).MoveToOuterDisposeScope();
    }

    protected override Tensor RowSums(Tensor weight)
    {
        using var scope = NewDisposeScope();
        return weight.mm(weight.t()).abs().sum(1).MoveToOuterDisposeScope();
    }
}
