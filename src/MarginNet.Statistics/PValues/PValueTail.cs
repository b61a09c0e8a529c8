namespace MarginNet.PValues;

/// <summary>What a p-value counts as atypical.</summary>
public enum PValueTail
{
    /// <summary>Small margins: <see cref="MarginPValue.Lower"/>, which keeps its level at any number n of calibration
    /// samples and is at least 1/(n + 1).</summary>
    Lower,

    /// <summary>Small and large margins, as the paper prints it: Σₖ wₖ (1 − Φ(|zₖ|)), in [0, 1/2],
    /// which is uniform for no sample.</summary>
    Formula,

    /// <summary>Small and large margins: 2·min(lower, upper), which keeps its level.</summary>
    TwoSided,

    /// <summary>Small margins, without a model: (1 + #{calibration margins ≤ μ})/(n + 1), in [1/(n + 1), 1].</summary>
    Empirical,

    /// <summary>Small margins: <see cref="Lower"/>, continued below 1/(n + 1) by the mixture, where it keeps no level.</summary>
    Extrapolated,

    /// <summary>Small margins: the mixture's own lower tail Σₖ wₖ Φ(zₖ), in [0, 1], which keeps no level where samples are few.
    /// Version 0.1.0's lower tail.</summary>
    Mixture,
}
