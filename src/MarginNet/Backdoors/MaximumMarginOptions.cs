namespace MarginNet.Backdoors;

/// <summary>How the largest margin of each class is looked for. The numbers of starts and steps are those of Wang et al. (2024).</summary>
public sealed record MaximumMarginOptions
{
    /// <summary>Uniformly random starts for each class, climbed as one batch; at least 1. Default 30.</summary>
    public int Starts { get; init; } = 30;

    /// <summary>Steps from each start at most, at least 1. Default 300.</summary>
    public int Steps { get; init; } = 300;

    /// <summary>The length of a step: the root mean square of the change of the pixels, before these are cut to [0, 1]; above 0.
    /// Default 0.02.</summary>
    public double StepSize { get; init; } = 0.02;

    /// <summary>The ascent ends once 20 steps have raised the largest margin by no more than this share of it; at least 0, which climbs
    /// while it rises at all. Default 1e-3.</summary>
    public double Tolerance { get; init; } = 1e-3;

    /// <summary>Seed of the starts, which depend on it and the class alone. Default 0.</summary>
    public int Seed { get; init; }

    internal void ThrowIfInvalid()
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(Starts, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(Steps, 1);
        if (!(StepSize > 0 && double.IsFinite(StepSize)))
        {
            throw new ArgumentOutOfRangeException(nameof(StepSize), StepSize, "Expected a finite step above 0.");
        }

        if (!(Tolerance >= 0 && double.IsFinite(Tolerance)))
        {
            throw new ArgumentOutOfRangeException(nameof(Tolerance), Tolerance, "Expected a finite share of at least 0.");
        }
    }
}
