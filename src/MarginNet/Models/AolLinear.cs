using TorchSharp.Modules;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace MarginNet.Models;

/// <summary>
/// An almost orthogonal linear layer (Prach and Lampert, 2022): D^(−1/2)Wx + b with D the absolute row sums of WWᵀ, so that its norm
/// is at most 1 whatever W is, and 1 where the rows are orthogonal.
/// </summary>
internal sealed class AolLinear : nn.Module<Tensor, Tensor>
{
    private const float Floor = 1e-12f; // For a row of zeros.

    private readonly Parameter weight;
    private readonly Parameter bias;

    /// <summary>Makes the layer with orthogonal rows from torch's global generator.</summary>
    /// <param name="features">Length of its input.</param>
    /// <param name="outputs">Length of its output, by custom the smaller.</param>
    public AolLinear(int features, int outputs)
        : base(nameof(AolLinear))
    {
        weight = nn.Parameter(empty(outputs, features));
        bias = nn.Parameter(zeros(outputs));
        nn.init.orthogonal_(weight);
        RegisterComponents();
    }

    /// <summary>The matrix D^(−1/2)W that the layer is, shape [outputs, features]; differentiable; the caller disposes it.</summary>
    public Tensor Matrix()
    {
        using var scope = NewDisposeScope();
        var rowSums = weight.mm(weight.t()).abs().sum(1, keepdim: true);
        return (weight * rowSums.clamp_min(Floor).rsqrt()).MoveToOuterDisposeScope();
    }

    public override Tensor forward(Tensor input)
    {
        using var scope = NewDisposeScope();
        return F.linear(input, Matrix(), bias).MoveToOuterDisposeScope();
    }
}
