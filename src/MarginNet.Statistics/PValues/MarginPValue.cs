namespace MarginNet.PValues;

/// <summary>
/// How typical one margin μ is under a null distribution of n calibration
/// margins. <see cref="Lower"/>, <see cref="Upper"/>, <see cref="TwoSided"/> and
/// <see cref="Empirical"/> keep their level at any n: of fresh typical samples at most a share α has one of at most α.
/// With zₖ = (log μ − mₖ)/σₖ:
/// </summary>
/// <param name="LogMargin">log μ; −∞ for a margin of 0.</param>
/// <param name="Lower">
/// The share of typical margins that are as small, by rank among the calibration margins and interpolated between two of them,
/// in [1/(n + 1), 1].
/// </param>
/// <param name="Upper">The same for margins that are as large, in [1/(n + 1), 1].</param>
/// <param name="Empirical">The conformal p-value (1 + #{calibration margins ≤ μ})/(n + 1), not interpolated, in [1/(n + 1), 1].</param>
/// <param name="Extrapolated"><see cref="Lower"/>, continued below the smallest calibration margin by the mixture's tail, in [0, 1]:
/// there it is the mixture's word alone.</param>
/// <param name="Mixture">The mixture's own lower tail Σₖ wₖ Φ(zₖ), in [0, 1], which few samples leave far off; 0 for a margin of 0.</param>
/// <param name="Formula">The paper's Σₖ wₖ (1 − Φ(|zₖ|)), in [0, 1/2], small for abnormally large margins too; 0 for a margin of 0.</param>
public readonly record struct MarginPValue(
    double LogMargin, double Lower, double Upper, double Empirical, double Extrapolated, double Mixture, double Formula)
{
    /// <summary>min(1, 2·min(<see cref="Lower"/>, <see cref="Upper"/>)), small for small and for large margins.</summary>
    public double TwoSided => Math.Min(1, 2 * Math.Min(Lower, Upper));

    /// <summary>The p-value of the tail asked for.</summary>
    /// <param name="tail">What counts as atypical.</param>
    /// <returns>A probability in [0, 1].</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="tail"/> is not a defined value.</exception>
    public double Of(PValueTail tail) => tail switch
    {
        PValueTail.Lower => Lower,
        PValueTail.Formula => Formula,
        PValueTail.TwoSided => TwoSided,
        PValueTail.Empirical => Empirical,
        PValueTail.Extrapolated => Extrapolated,
        PValueTail.Mixture => Mixture,
        _ => throw new ArgumentOutOfRangeException(nameof(tail), tail, "Expected a defined tail."),
    };
}
