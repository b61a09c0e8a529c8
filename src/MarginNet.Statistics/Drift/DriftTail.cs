namespace MarginNet.Drift;

/// <summary>Which p-values count as small.</summary>
public enum DriftTail
{
    /// <summary>Those of small numbers: p.</summary>
    Lower,

    /// <summary>Those of large numbers: 1 − p.</summary>
    Upper,

    /// <summary>Both: 2 min(p, 1 − p).</summary>
    TwoSided,
}
