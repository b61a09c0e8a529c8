namespace MarginNet.Attacks;

/// <summary>What an attack may do. The defaults are the paper's: FGSM with ε = 0.1 in ℓ∞, up the cross-entropy.</summary>
public sealed record AttackOptions
{
    /// <summary>How the images are looked for. Default <see cref="AttackMethod.Fgsm"/>.</summary>
    public AttackMethod Method { get; init; }

    /// <summary>The largest change ε of an image with pixels in [0, 1], in <see cref="Norm"/>; at least 0, which changes nothing.
    /// Default 0.1.</summary>
    public double Epsilon { get; init; } = 0.1;

    /// <summary>How the change is measured. Default <see cref="AttackNorm.Linf"/>.</summary>
    public AttackNorm Norm { get; init; }

    /// <summary>What is made large. Default <see cref="AttackObjective.CrossEntropy"/>.</summary>
    public AttackObjective Objective { get; init; }

    /// <summary>Whether attacked pixels are kept in [0, 1], so that the result is an image. Default true.</summary>
    public bool Clip { get; init; } = true;

    /// <summary>PGD: steps from each start, at least 1. Default 10.</summary>
    public int Steps { get; init; } = 10;

    /// <summary>PGD: the length α of a step in <see cref="Norm"/>, above 0. Default null: 2.5 ε/<see cref="Steps"/> (Madry et al.,
    /// 2018).</summary>
    public double? StepSize { get; init; }

    /// <summary>PGD: starts, at least 1: the first is the image itself, each other a random point of the ball. Default 1.</summary>
    public int Restarts { get; init; } = 1;

    /// <summary>PGD: seed of the random starts, which depend on it, the number of the start and the number of the image alone.
    /// Default 0.</summary>
    public int Seed { get; init; }

    /// <summary>Images in one pass, at least 1. Default 64: a backward pass keeps what each layer computed,
    /// and more is no faster on a CPU.</summary>
    public int BatchSize { get; init; } = 64;

    /// <summary>PGD: the length of a step taken, <see cref="StepSize"/> or its default.</summary>
    public double StepLength => StepSize ?? (2.5 * Epsilon / Steps);

    internal void ThrowIfInvalid()
    {
        if (!(Epsilon >= 0 && double.IsFinite(Epsilon)))
        {
            throw new ArgumentOutOfRangeException(nameof(Epsilon), Epsilon, "Expected a finite ε of at least 0.");
        }

        if (StepSize is { } size && !(size > 0 && double.IsFinite(size)))
        {
            throw new ArgumentOutOfRangeException(nameof(StepSize), size, "Expected a finite step above 0.");
        }

        ArgumentOutOfRangeException.ThrowIfLessThan(Steps, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(Restarts, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(BatchSize, 1);
    }
}
