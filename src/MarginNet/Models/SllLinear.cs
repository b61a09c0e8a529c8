using TorchSharp.Modules;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace MarginNet.Models;

/// <summary>A residual layer of vectors that is 1-Lipschitz in ℓ2 whatever its weights: see <see cref="SllScale"/>.</summary>
internal sealed class SllLinear : nn.Module<Tensor, Tensor>
{
    private readonly Parameter weight;
    private readonly Parameter bias;

    /// <summary>Makes the layer with fresh weights from torch's global generator.</summary>
    /// <param name="features">Length of its input and output.</param>
    /// <param name="hidden">Units inside.</param>
    public SllLinear(int features, int hidden)
        : base(nameof(SllLinear))
    {
        weight = nn.Parameter(empty(hidden, features));
        bias = nn.Parameter(zeros(hidden));
        nn.init.xavier_normal_(weight);
        RegisterComponents();
    }

    /// <summary>The matrix G, shape [hidden, features], float64; the caller disposes it.</summary>
    public Tensor Map()
    {
        using var scope = NewDisposeScope();
        return (weight.to(ScalarType.Float64) * Scale().to(ScalarType.Float64).sqrt()).MoveToOuterDisposeScope();
    }

    /// <summary>The way back, 2T⁻¹W in the shape of W; differentiable; the caller disposes it.</summary>
    public Tensor Back()
    {
        using var scope = NewDisposeScope();
        return (weight * Scale()).MoveToOuterDisposeScope();
    }

    public override Tensor forward(Tensor input)
    {
        using var scope = NewDisposeScope();
        var hidden = F.relu(F.linear(input, weight, bias), inplace: true);
        return (input - hidden.mm(Back())).MoveToOuterDisposeScope();
    }

    /// <summary>The diagonal of 2T⁻¹, shape [hidden, 1].</summary>
    private Tensor Scale()
    {
        using var scope = NewDisposeScope();
        return SllScale.Of(weight.mm(weight.t()).abs().sum(1, keepdim: true)).MoveToOuterDisposeScope();
    }
}
