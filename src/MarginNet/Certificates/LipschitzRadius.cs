using MarginNet.Lipschitz;

namespace MarginNet.Certificates;

/// <summary>Radii by proven Lipschitz constants: <see cref="CertifiedRadius"/>.</summary>
internal sealed class LipschitzRadius(LipschitzBounds bounds) : RadiusProver(bounds.Digest, bounds.PairSum)
{
    public override string Method => Lipschitz;

    public override double Radius(ReadOnlySpan<float> scores, ReadOnlySpan<float> input) =>
        CertifiedRadius.Compute(scores, input, bounds).Radius;
}
