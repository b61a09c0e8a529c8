namespace MarginNet.PValues;

/// <summary>How typical one margin μ is under a null distribution. With zₖ = (log μ − mₖ)/σₖ:</summary>
/// <param name="LogMargin">log μ; −∞ for a margin of 0.</param>
/// <param name="Lower">The lower tail Σₖ wₖ Φ(zₖ), in [0, 1]; 0 for a margin of 0.</param>
/// <param name="Formula">The paper's Σₖ wₖ (1 − Φ(|zₖ|)), in [0, 1/2], small for abnormally large margins too; 0 for a margin of 0.</param>
/// <param name="Empirical">The conformal p-value (1 + #{calibration margins ≤ μ})/(n + 1), in [1/(n + 1), 1].</param>
public readonly record struct MarginPValue(double LogMargin, double Lower, double Formula, double Empirical)
{
    /// <summary>Twice <see cref="Formula"/>, in [0, 1].</summary>
    public double TwoSided => 2 * Formula;

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
        _ => throw new ArgumentOutOfRangeException(nameof(tail), tail, "Expected a defined tail."),
    };
}
