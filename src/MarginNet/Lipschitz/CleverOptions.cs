namespace MarginNet.Lipschitz;

/// <summary>How CLEVER draws its points. The defaults are those of Weng et al. (2018): 500 batches of 1024,
/// in a ball of radius 5.</summary>
public sealed record CleverOptions
{
    /// <summary>Points in one batch, of which the largest gradient counts; at least 1. Default 1024.</summary>
    public int Samples { get; init; } = 1024;

    /// <summary>Batches, and so maxima the distribution is fitted to; at least 1. Default 500; below 10 nothing is fitted.</summary>
    public int Batches { get; init; } = 500;

    /// <summary>The radius of the ℓ2 ball, in the units of the input, above 0; no radius estimated is larger. Default 5.</summary>
    public double Radius { get; init; } = 5;

    /// <summary>Fits that the test of Kolmogorov and Smirnov gives a smaller p-value are refused; in [0, 1], 0 refuses none.
    /// Default 0.05.</summary>
    public double Significance { get; init; } = 0.05;

    /// <summary>Seed of the draws, which depend on it and the number of the batch alone. Default 0.</summary>
    public int Seed { get; init; }

    /// <summary>Points in one pass through the network, at least 1; the result does not depend on it but for rounding.
    /// Default 128.</summary>
    public int BatchSize { get; init; } = 128;

    internal void ThrowIfInvalid()
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(Samples, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(Batches, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(BatchSize, 1);
        if (!(Radius > 0 && double.IsFinite(Radius)))
        {
            throw new ArgumentOutOfRangeException(nameof(Radius), Radius, "Expected a finite radius above 0.");
        }

        if (!(Significance is >= 0 and <= 1))
        {
            throw new ArgumentOutOfRangeException(nameof(Significance), Significance, "Expected a number from 0 to 1.");
        }
    }
}
