using System.Collections.Immutable;

namespace MarginNet.Features;

/// <summary>How a <see cref="FeatureMixture"/> is fitted.</summary>
public sealed record FeatureMixtureOptions
{
    /// <summary>The forms of covariances tried, at least one. Default all.</summary>
    public ImmutableArray<CovarianceForm> Forms { get; init; } = [.. Enum.GetValues<CovarianceForm>()];

    /// <summary>The largest order K tried, at least 1; of each form orders are tried as long as the criterion falls. Default 5.</summary>
    public int MaxComponents { get; init; } = 5;

    /// <summary>k-means++ starts for every order, of which the tightest is gone on from, at least 1. Default 4.</summary>
    public int Starts { get; init; } = 4;

    /// <summary>EM stops once an iteration gains no more log-likelihood per sample than this, in nats, at least 0. Default 1e-4.</summary>
    public double Tolerance { get; init; } = 1e-4;

    /// <summary>The most EM iterations of one run, at least 1. Default 200.</summary>
    public int MaxIterations { get; init; } = 200;

    /// <summary>What is added to every variance, as a share of the mean variance of the features, in (0, 1). It keeps features that do not
    /// vary in a class, as of units that never fire, from outweighing all others. Default 1e-3.</summary>
    public double VarianceFloor { get; init; } = 1e-3;

    /// <summary>Seed of the starts. Default 0.</summary>
    public int Seed { get; init; }

    internal void Validate()
    {
        if (Forms.IsDefaultOrEmpty || Forms.Any(form => !Enum.IsDefined(form)))
            throw new ArgumentException("Expected at least one form of covariances, all of them defined.", nameof(Forms));

        ArgumentOutOfRangeException.ThrowIfLessThan(MaxComponents, 1, nameof(MaxComponents));
        ArgumentOutOfRangeException.ThrowIfLessThan(Starts, 1, nameof(Starts));
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxIterations, 1, nameof(MaxIterations));
        if (!(Tolerance >= 0))
            throw new ArgumentOutOfRangeException(nameof(Tolerance), Tolerance, "Expected a tolerance of at least 0.");
        if (VarianceFloor is not (> 0 and < 1))
            throw new ArgumentOutOfRangeException(nameof(VarianceFloor), VarianceFloor, "Expected a share in (0, 1).");
    }
}
