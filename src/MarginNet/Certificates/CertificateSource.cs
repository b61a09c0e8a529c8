namespace MarginNet.Certificates;

/// <summary>What proves a certified radius.</summary>
public enum CertificateSource
{
    /// <summary>Nothing: the margin is zero, or no bound is finite. The radius is 0.</summary>
    None,

    /// <summary>Theorem 2.1: μ_f / (2 L_∞).</summary>
    Scores,

    /// <summary>Proposition 4.1 of Tsuzuku et al.: μ_f / (√2 L₂).</summary>
    Euclidean,

    /// <summary>The pairwise constants: the least of (f_ĉ − fᵢ) / L_ĉi over i ≠ ĉ.</summary>
    Pairwise,

    /// <summary>Intervals of all values in the ball.</summary>
    Interval,

    /// <summary>Linear relaxation of the scores with gates bounded by intervals: CROWN-IBP.</summary>
    CrownIbp,

    /// <summary>Linear relaxation with parallel lines: Fast-Lin, and the dual of Wong and Kolter.</summary>
    FastLin,

    /// <summary>The Lipschitz constant in the ball: Fast-Lip.</summary>
    FastLip,

    /// <summary>Linear relaxation with lines of the least area: CROWN.</summary>
    Crown,

    /// <summary>Linear relaxation with the best lines that a gradient finds: α-CROWN.</summary>
    AlphaCrown,

    /// <summary>Branch and bound over neurons: β-CROWN.</summary>
    Complete,
}
