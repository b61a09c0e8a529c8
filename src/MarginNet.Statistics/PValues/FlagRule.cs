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

    /// <summary>
    /// Chooses a threshold that is expected to flag at most a share α of fresh typical samples: α itself where p-values keep their level,
    /// and for
    /// <see cref="PValueTail.Formula"/> and <see cref="PValueTail.Mixture"/> the last number before the ⌊α(n + 1)⌋-th
    /// smallest of the n calibration samples' own.
    /// </summary>
    /// <param name="model">The calibrated model.</param>
    /// <param name="alpha">Largest false-positive rate α, in [0, 1).</param>
    /// <param name="kind">Which samples a margin is compared with.</param>
    /// <param name="tail">Which p-value decides.</param>
    /// <returns>The rule, with the counts of the calibration samples; −∞ where too few of them allow no threshold.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="alpha"/>,
    /// <paramref name="kind"/> or <paramref name="tail"/> is out of range.</exception>
    public static FlagRule Calibrate(
        MarginNullModel model, double alpha, NullKind kind = NullKind.Class, PValueTail tail = PValueTail.Lower)
    {
        if (alpha is not (>= 0 and < 1))
            throw new ArgumentOutOfRangeException(nameof(alpha), alpha, "Expected a rate in [0, 1).");

        var typical =
            model.Classes.SelectMany((own, c) => own.Margins.ToArray().Select(margin => model.Score(margin, c, kind).Of(tail))).ToArray();
        var rank = (int)Math.Floor(alpha * (typical.Length + 1) * (1 + DetectionThreshold.Rounding));
        return new FlagRule(kind, tail, tail switch
        {
            not (PValueTail.Formula or PValueTail.Mixture) => DetectionThreshold.At(alpha, typical, []),
            _ when rank == 0 => DetectionThreshold.At(double.NegativeInfinity, typical, []),
            _ => DetectionThreshold.Before(typical, rank - 1, []),
        });
    }
}
