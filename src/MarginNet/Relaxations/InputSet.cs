using MarginNet.Graph;
using static TorchSharp.torch;

namespace MarginNet.Relaxations;

/// <summary>Sets of inputs, one for each of N samples, over which linear functions are minimised.</summary>
internal abstract class InputSet
{
    /// <summary>The least box around each, both [N, D].</summary>
    public abstract Interval Box { get; }

    /// <summary>The least that linear functions can be, or what provably is not above that.</summary>
    /// <param name="coefficients">The coefficients, shape [R, N, D].</param>
    /// <returns>Shape [R, N]; differentiable in the coefficients.</returns>
    public abstract Tensor Minimum(Tensor coefficients);

    /// <summary>Inputs at which the functions are as small, or nearly; shape [R, N, D].</summary>
    public abstract Tensor Minimizer(Tensor coefficients);

    /// <summary>The same in another type.</summary>
    public abstract InputSet To(ScalarType type);
}
