namespace MarginNet.Detection;

/// <summary>A confidence score of logits, larger for typical samples, as <see cref="FittedScores.Compute"/> computes it.</summary>
public enum ConfidenceScore
{
    /// <summary>The lead of the largest logit (<see cref="LogitScores.Margin"/>).</summary>
    Margin,

    /// <summary>The log-odds of the maximum softmax probability (<see cref="LogitScores.MaxSoftmaxLogOdds(ReadOnlySpan{double})"/>).</summary>
    MaxSoftmax,

    /// <summary>The same at the fitted temperature (<see cref="FittedScores.MaxSoftmax"/>).</summary>
    MaxSoftmaxT,

    /// <summary>The largest logit (<see cref="LogitScores.MaxLogit"/>).</summary>
    MaxLogit,

    /// <summary>The largest of normalised logits, of the fitted order (<see cref="FittedScores.MaxLogit(ReadOnlySpan{double})"/>).</summary>
    MaxLogitPNorm,

    /// <summary>The margin of normalised logits, of the fitted order (<see cref="FittedScores.Margin(ReadOnlySpan{double})"/>).</summary>
    MarginPNorm,

    /// <summary>The negative free energy (<see cref="LogitScores.Energy"/>).</summary>
    Energy,

    /// <summary>The negative entropy (<see cref="LogitScores.NegativeEntropy"/>).</summary>
    Entropy,

    /// <summary>DOCTOR's D_α (<see cref="LogitScores.DoctorAlpha"/>).</summary>
    DoctorAlpha,

    /// <summary>The negative generalized entropy (<see cref="LogitScores.GeneralizedEntropy"/>).</summary>
    Gen,

    /// <summary>The fitted Rel-U (<see cref="RelativeUncertainty.Score"/>).</summary>
    RelU,
}
