namespace MarginNet.PValues;

/// <summary>One component w N(x; m, σ²) of a <see cref="GaussianMixture"/>.</summary>
/// <param name="Weight">Share w of the probability, in (0, 1].</param>
/// <param name="Mean">Mean m, finite.</param>
/// <param name="StandardDeviation">Standard deviation σ, positive and finite.</param>
public readonly record struct MixtureComponent(double Weight, double Mean, double StandardDeviation);
