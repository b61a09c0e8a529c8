namespace MarginNet.Training;

/// <summary>Training by bounds: what the loss sees are the scores at worst anywhere in a box around each image.</summary>
public sealed record RobustOptions
{
    /// <summary>How they are bounded. Default <see cref="RobustMethod.Ibp"/>.</summary>
    public RobustMethod Method { get; init; }

    /// <summary>ε: the largest change of a pixel in [0, 1], above 0 and at most 1. It grows over
    /// <see cref="TrainingOptions.RampEpochs"/>, see <see cref="EpsilonRamp"/>. Default 8/255.</summary>
    public double Epsilon { get; init; } = 8.0 / 255;

    /// <summary>κ in [0, 1): the weight of the loss of the clean scores, that of the worst ones being 1 − κ. Default 0.
    /// <see cref="RobustMethod.MixTrain"/> finds it itself.</summary>
    public double NaturalShare { get; init; }

    /// <summary><see cref="RobustMethod.Sabr"/>: the radius of the small box as a share of ε, in (0, 1]. Default 0.4.</summary>
    public double BoxShare { get; init; } = 0.4;

    /// <summary><see cref="RobustMethod.Sabr"/>: the steps of PGD that look for its centre, at least 1. Default 3.</summary>
    public int AttackSteps { get; init; } = 3;

    /// <summary><see cref="RobustMethod.MixTrain"/>: the share of a batch that is bounded, in (0, 1]. Default 0.25.</summary>
    public double SampleShare { get; init; } = 0.25;

    /// <summary>The weight of the regularisers of Shi et al. (2021) when the ramp begins, falling to 0 where it ends; at least 0, which
    /// leaves them out. Default 0.5.</summary>
    public double Regularization { get; init; } = 0.5;

    /// <summary>The length that the gradient is cut to, above 0. Default 10.</summary>
    public double GradientNorm { get; init; } = 10;

    internal void ThrowIfInvalid()
    {
        ThrowUnless(Epsilon is > 0 and <= 1, nameof(Epsilon), Epsilon, "above 0, at most 1");
        ThrowUnless(NaturalShare is >= 0 and < 1, nameof(NaturalShare), NaturalShare, "at least 0, below 1");
        ThrowUnless(BoxShare is > 0 and <= 1, nameof(BoxShare), BoxShare, "above 0, at most 1");
        ThrowUnless(SampleShare is > 0 and <= 1, nameof(SampleShare), SampleShare, "above 0, at most 1");
        ThrowUnless(Regularization >= 0 && double.IsFinite(Regularization), nameof(Regularization), Regularization, "at least 0 and finite");
        ThrowUnless(GradientNorm > 0, nameof(GradientNorm), GradientNorm, "above 0");
        ArgumentOutOfRangeException.ThrowIfLessThan(AttackSteps, 1);
    }

    private static void ThrowUnless(bool isRight, string name, double value, string expected)
    {
        if (!isRight)
        {
            throw new ArgumentOutOfRangeException(name, value, $"{name} must be {expected}.");
        }
    }
}
