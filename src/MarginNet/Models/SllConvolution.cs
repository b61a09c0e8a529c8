using TorchSharp.Modules;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace MarginNet.Models;

/// <summary>A residual layer of convolutions that is 1-Lipschitz in ℓ2 whatever its weights: see <see cref="SllScale"/>.</summary>
internal sealed class SllConvolution : nn.Module<Tensor, Tensor>
{
    private const int Side = 3;
    private const int Padding = Side / 2;

    private readonly Parameter weight;
    private readonly Parameter bias;

    /// <summary>Makes the layer with fresh weights from torch's global generator.</summary>
    /// <param name="channels">Channels of its input and output.</param>
    /// <param name="hidden">Channels inside.</param>
    public SllConvolution(int channels, int hidden)
        : base(nameof(SllConvolution))
    {
        weight = nn.Parameter(empty(hidden, channels, Side, Side));
        bias = nn.Parameter(zeros(hidden));
        nn.init.xavier_normal_(weight);
        RegisterComponents();
    }

    /// <summary>The kernel of G, shape [hidden, channels, 3, 3], float64; the caller disposes it.</summary>
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
        var hidden = F.relu(F.conv2d(input, weight, bias, padding: [Padding, Padding]), inplace: true);
        return (input - F.conv_transpose2d(hidden, Back(), padding: [Padding, Padding])).MoveToOuterDisposeScope();
    }

    /// <summary>The diagonal of 2T⁻¹, shape [hidden, 1, 1, 1].</summary>
    private Tensor Scale()
    {
        using var scope = NewDisposeScope();
        // The correlations of the kernels at every shift are the entries of WWᵀ, away from the border.
        return SllScale.Of(F.conv2d(weight, weight, padding: [Side - 1, Side - 1]).abs().sum([1, 2, 3])).reshape(-1, 1, 1, 1).MoveToOuterDisposeScope();
    }
}
