namespace MarginNet.Lipschitz;

/// <summary>Where an estimate of CLEVER comes from: the fitted end point, or the largest gradient drawn, and why.</summary>
public enum CleverSource
{
    /// <summary>The end point of the reverse Weibull distribution fitted to the batches' maxima.</summary>
    Fit,

    /// <summary>The largest gradient drawn, since there are fewer than 10 maxima.</summary>
    FewMaxima,

    /// <summary>The largest gradient drawn, since the maxima are all alike, as they are of a network that is linear, or constant,
    /// in the ball.</summary>
    EqualMaxima,

    /// <summary>The largest gradient drawn, since the likelihood has no maximum near the maxima.</summary>
    NoFit,

    /// <summary>The largest gradient drawn, since the test of Kolmogorov and Smirnov refused the fit.</summary>
    RefusedFit,
}
