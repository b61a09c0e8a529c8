using System.Runtime.InteropServices;
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

    /// <summary>Chooses the largest threshold that flags at most a share α of the model's own calibration samples.</summary>
    /// <param name="model">The calibrated model.</param>
    /// <param name="alpha">Largest false-positive rate α on the calibration samples, in [0, 1).</param>
    /// <param name="kind">Which samples a margin is compared with.</param>
    /// <param name="tail">Which p-value decides.</param>
    /// <returns>The rule, with the counts of the calibration samples.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="alpha"/>, <paramref name="kind"/> or <paramref name="tail"/> is out of range.</exception>
    public static FlagRule Calibrate(MarginNullModel model, double alpha, NullKind kind = NullKind.Class, PValueTail tail = PValueTail.Lower)
    {
        var scores = new List<double>();
        for (var c = 0; c < model.Classes.Length; c++)
            foreach (var margin in model.Classes[c].Margins)
                scores.Add(model.Score(margin, c, kind).Of(tail));

        return new FlagRule(kind, tail, DetectionThreshold.ForFalsePositiveRate(CollectionsMarshal.AsSpan(scores), alpha));
    }
}
