using MarginNet.Graph;
using MarginNet.Native;
using static TorchSharp.torch;

namespace MarginNet.Relaxations;

/// <summary>Boxes: balls in ℓ∞, cut to [0, 1] or not.</summary>
/// <param name="lower">Lower ends, shape [N, D].</param>
/// <param name="upper">Upper ends, of the same shape.</param>
internal sealed class BoxSet(Tensor lower, Tensor upper) : InputSet
{
    private readonly Tensor _center = lower.Plus(upper).Times(0.5);
    private readonly Tensor _radius = (upper - lower).Times(0.5 * (1 + 1e-15));

    public override Interval Box => new(lower, upper);

    public override Tensor Minimum(Tensor coefficients) =>
        (coefficients * _center).sum(-1) - (coefficients.abs() * _radius).sum(-1);

    public override Tensor Minimizer(Tensor coefficients) => where(coefficients.IsAbove(0), lower, upper);

    public override InputSet To(ScalarType type) => new BoxSet(lower.to(type), upper.to(type));
}
