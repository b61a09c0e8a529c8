namespace MarginNet.Margins;

/// <summary>What class scores are.</summary>
public enum ScoreKind
{
    /// <summary>Logits f: what a network computes before a softmax, and what margins are differences of.</summary>
    Logits,

    /// <summary>Probabilities p = softmax(f): each row lies in [0, 1] and sums to 1. Their differences are no margins,
    /// since a softmax squeezes large ones together.</summary>
    Probabilities,

    /// <summary>Logarithms of probabilities, ln p = f − ln Σ exp f: the same margins as the logits,
    /// from which each row differs by a constant.</summary>
    LogProbabilities,
}
