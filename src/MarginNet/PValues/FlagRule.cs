using MarginNet.Detection;

namespace MarginNet.PValues;

/// <summary>When a sample is flagged as atypical: where its p-value is at or below a threshold.</summary>
/// <param name="Null">Which samples the margin is compared with.</param>
/// <param name="Tail">Which p-value decides.</param>
/// <param name="Threshold">The threshold, with the counts it was chosen on.</param>
public sealed record FlagRule(NullKind Null, PValueTail Tail, DetectionThreshold Threshold)
{
    /// <summary>Whether p-values of the kind <see cref="Null"/> flag their sample.</summary>
    /// <param name="p">The p-values.</param>
    /// <returns>True where the sample is atypical.</returns>
    public bool Flags(MarginPValue p) => Threshold.Flags(p.Of(Tail));
}
