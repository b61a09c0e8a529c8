namespace MarginNet.Bounds;

/// <summary>An estimate of a Lipschitz constant, which may be above or below the truth and therefore certifies nothing.</summary>
/// <param name="Value">The estimate, at least 0.</param>
public sealed record Estimate(double Value);
