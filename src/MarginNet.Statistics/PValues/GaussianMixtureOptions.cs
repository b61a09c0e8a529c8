namespace MarginNet.PValues;

/// <summary>How a <see cref="GaussianMixture"/> is fitted.</summary>
public sealed record GaussianMixtureOptions
{
    /// <summary>The largest order K tried, at least 1; small samples stop earlier, at one component for every five distinct values.
    /// Default 10.</summary>
    public int MaxComponents { get; init; } = 10;

    /// <summary>k-means++ starts for every order, beside the quantile start and the splits of the order before; 0 turns them off.
    /// Default 4.</summary>
    public int Restarts { get; init; } = 4;

    /// <summary>EM stops once an accelerated iteration gains no more log-likelihood per sample than this, in nats. Default 1e-8;
    /// 0 runs to <see cref="MaxIterations"/>.</summary>
    public double Tolerance { get; init; } = 1e-8;

    /// <summary>The most EM iterations of one run, at least 1. Default 1000.</summary>
    public int MaxIterations { get; init; } = 1000;

    /// <summary>
    /// The smallest variance of a component, as a share of the data's variance, in (0, 1). It keeps a component from collapsing on tied or
    /// chance neighbouring values, of which a small sample must not make much. Default null: the larger of 1e-6 and N^(−3/2).
    /// </summary>
    public double? VarianceFloor { get; init; }

    /// <summary>Seed of the k-means++ starts. Default 0.</summary>
    public int Seed { get; init; }

    internal double VarianceFloorOf(int count) => VarianceFloor ?? Math.Max(1e-6, Math.Pow(count, -1.5));

    internal void Validate()
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxComponents, 1, nameof(MaxComponents));
        ArgumentOutOfRangeException.ThrowIfNegative(Restarts, nameof(Restarts));
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxIterations, 1, nameof(MaxIterations));
        if (!(Tolerance >= 0))
            throw new ArgumentOutOfRangeException(nameof(Tolerance), Tolerance, "Expected a tolerance of at least 0.");
        if (VarianceFloor is not (null or (> 0 and < 1)))
            throw new ArgumentOutOfRangeException(nameof(VarianceFloor), VarianceFloor, "Expected a share in (0, 1).");
    }
}
