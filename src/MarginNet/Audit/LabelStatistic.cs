namespace MarginNet.Audit;

/// <summary>What tells a wrong label from a right one; of each the smaller value is the more suspicious.</summary>
public enum LabelStatistic
{
    /// <summary>The labelled margin averaged over the epochs of training (Pleiss et al., 2020).</summary>
    MeanMargin,

    /// <summary>The labelled margin by the trained network, or of the last epoch where its scores are not known.</summary>
    LastMargin,

    /// <summary>The labelled margin by the trained network and that of a <see cref="Audit.SecondPass"/> together,
    /// see <see cref="LabelStatistics.TwoPassMargin"/>.</summary>
    TwoPassMargin,

    /// <summary>The labelled margin by a network that was not trained on the sample.</summary>
    OutOfFold,

    /// <summary>The p-value of the labelled margin among the rightly decided samples of its class,
    /// see <see cref="LabelStatistics.PValue"/>.</summary>
    PValue,

    /// <summary>−λ, the dual weight of the sample's constraint.</summary>
    DualWeight,

    /// <summary>The probability of the label, p[c].</summary>
    SelfConfidence,

    /// <summary>The lead of the label's probability over the largest other one, p[c] − max over j ≠ c of p[j].</summary>
    NormalizedMargin,

    /// <summary>Confident learning (Northcutt et al., 2021), see <see cref="Audit.ConfidentLearning"/>.</summary>
    ConfidentLearning,
}
