namespace MarginNet.Graph;

/// <summary>Which of the lines below a gate that may be open or closed is taken.</summary>
internal enum SlopeRule
{
    /// <summary>The one with the slope of the line above: Fast-Lin, and the dual of Wong and Kolter.</summary>
    Parallel,

    /// <summary>The one with the least area between it and the gate: CROWN.</summary>
    Adaptive,
}
