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

    /// <summary>b, shape [outputs].</summary>
    public Tensor Bias => bias;

    /// <summary>The matrix D^(−1/2)W that the layer is, shape [outputs, features]; differentiable; the caller disposes it.</summary>
    public Tensor Matrix() => Matrix(training ? weight.dtype : ScalarType.Float64, weight.dtype);

    /// <summary>The same in float64, as it is in evaluation.</summary>
    public Tensor PreciseMatrix() => Matrix(ScalarType.Float64, ScalarType.Float64);

    /// <summary>The share by which rounding in float64 may have each entry of <see cref="PreciseMatrix"/> differ
    /// from that of D^(−1/2)W.</summary>
    public double MatrixError()
    {
        using var scope = NewDisposeScope();
        return RowSumError.Of(weight, RowSums(weight.to(ScalarType.Float64)).reciprocal().flatten());
    }

    /// <summary>In evaluation its long sums are formed in float64 and rounded once, for the sake of certified radii.</summary>
    public override Tensor forward(Tensor input)
    {
        using var scope = NewDisposeScope();
        var precision = training ? input.dtype : ScalarType.Float64;
        return F.linear(input.to(precision), Matrix(precision, precision), bias.to(precision)).to(input.dtype).MoveToOuterDisposeScope();
    }

    private Tensor Matrix(ScalarType precision, ScalarType result)
    {
        using var scope = NewDisposeScope();
        var precise = weight.to(precision);
        return (precise * RowSums(precise).rsqrt()).to(result).MoveToOuterDisposeScope();
    }

    private static Tensor RowSums(Tensor weight) => weight.mm(weight.t()).abs().sum(1, keepdim: true).clamp_min(Floor);
}
