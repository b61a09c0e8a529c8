namespace MarginNet.Drift;

/// <summary>How numbers become p-values.</summary>
public enum RankKind
{
    /// <summary>By their rank among the reference and all numbers of the stream up to them: independent and uniform wherever reference
    /// and stream
    /// come in an order that does not matter. Takes memory for all of them.</summary>
    Online,

    /// <summary>By their rank among the reference, which stays as it is: uniform in the mean over references, but given one reference
    /// only nearly so, by about
    /// 1/√n of its n numbers, and a long stream shows that.</summary>
    Reference,

    /// <summary>They are p-values.</summary>
    None,
}
