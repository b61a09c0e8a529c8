using MarginNet.Attacks;
using MarginNet.Lipschitz;
using MarginNet.Margins;

namespace MarginNet.Certificates;

/// <summary>Radii by proven Lipschitz constants: <see cref="CertifiedRadius"/>.</summary>
internal sealed class LipschitzRadius(LipschitzBounds bounds)
    : RadiusProver(Lipschitz, bounds.Digest, bounds.PairSum, AttackNorm.L2, isCut: false)
{
    public override double Radius(ReadOnlySpan<float> scores, ReadOnlySpan<float> input) =>
        CertifiedRadius.Compute(scores, input, bounds).Radius;

    private protected override double[] Radii(ScoreMatrix scores, Func<int, float[]> inputs, IProgress<int>? progress) =>
        [.. Enumerable.Range(0, scores.Count).Select(i => Radius(scores[i], inputs(i)))];
}
