namespace MarginNet.Backdoors;

/// <summary>How upper bounds of activations are learnt.</summary>
public sealed record ActivationClampOptions
{
    /// <summary>The least share of the clean images that keep their decisions, in (0, 1]. Default 0.95, as Wang et al. (2024) have it of
    /// right decisions.</summary>
    public double LeastKept { get; init; } = 0.95;

    /// <summary>Passes over the clean images, at least 1. Default 60.</summary>
    public int Epochs { get; init; } = 60;

    /// <summary>Images in one step of Adam, at least 1. Default 100.</summary>
    public int BatchSize { get; init; } = 100;

    /// <summary>Adam's step, as a share of each channel's largest clean activation, above 0. Default 0.01.</summary>
    public double LearningRate { get; init; } = 0.01;

    /// <summary>Seed of the order of the images. Default 0.</summary>
    public int Seed { get; init; }

    internal void ThrowIfInvalid()
    {
        if (LeastKept is not (> 0 and <= 1))
        {
            throw new ArgumentOutOfRangeException(nameof(LeastKept), LeastKept, "Expected a share above 0, at most 1.");
        }

        ArgumentOutOfRangeException.ThrowIfLessThan(Epochs, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(BatchSize, 1);
        if (!(LearningRate > 0 && double.IsFinite(LearningRate)))
        {
            throw new ArgumentOutOfRangeException(nameof(LearningRate), LearningRate, "Expected a finite step above 0.");
        }
    }
}
