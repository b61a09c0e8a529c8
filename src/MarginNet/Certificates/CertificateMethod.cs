namespace MarginNet.Certificates;

/// <summary>How certificates of single samples are proven, from the cheapest to the dearest.</summary>
public enum CertificateMethod
{
    /// <summary>Intervals of all values, layer by layer.</summary>
    Interval,

    /// <summary>One linear relaxation, of the scores, with gates bounded by intervals: CROWN-IBP (Zhang et al., 2020). For networks that
    /// were trained by bounds.</summary>
    CrownIbp,

    /// <summary>Linear relaxation with parallel lines: Fast-Lin (Weng et al., 2018), the same number as the dual
    /// of Wong and Kolter.</summary>
    FastLin,

    /// <summary>Lipschitz constants in the ball, by intervals of the gradients there: Fast-Lip (Weng et al., 2018).</summary>
    FastLip,

    /// <summary>Linear relaxation with lines of the least area: CROWN (Zhang et al., 2018).</summary>
    Crown,

    /// <summary>CROWN, and where that is not enough slopes by gradient: α-CROWN (Xu et al., 2021).</summary>
    AlphaCrown,

    /// <summary>α-CROWN, and where that is not enough branch and bound over neurons: β-CROWN (Wang et al., 2021).</summary>
    Complete,

    /// <summary>All of them in order but <see cref="FastLip"/>, each starting from what the ones before have proven.</summary>
    Best,
}
