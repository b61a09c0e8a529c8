namespace MarginNet.Verification;

/// <summary>What is known of a property.</summary>
public enum Answer
{
    /// <summary>Proven: nothing unsafe is in the box.</summary>
    Unsat,

    /// <summary>Violated: there is a counterexample.</summary>
    Sat,

    /// <summary>The time was over before either was known.</summary>
    Timeout,

    /// <summary>Neither could be shown.</summary>
    Unknown,
}
