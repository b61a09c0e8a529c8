namespace MarginNet.PValues;

/// <summary>What a p-value counts as atypical.</summary>
public enum PValueTail
{
    /// <summary>Small margins: P(log M ≤ log μ) = Σₖ wₖ Φ(zₖ), in [0, 1].</summary>
    Lower,

    /// <summary>Small and large margins, as the paper prints it: Σₖ wₖ (1 − Φ(|zₖ|)), in [0, 1/2].</summary>
    Formula,

    /// <summary>Small and large margins, twice <see cref="Formula"/>, in [0, 1].</summary>
    TwoSided,

    /// <summary>Small margins, without a model: (1 + #{calibration margins ≤ μ})/(n + 1), in [1/(n + 1), 1].</summary>
    Empirical,
}
