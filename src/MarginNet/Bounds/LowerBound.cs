namespace MarginNet.Bounds;

/// <summary>
/// A lower bound of a Lipschitz constant, by a change of scores that was seen; the truth is not below it, up to the rounding
/// of the network's own arithmetic. It certifies nothing: it shows how far an <see cref="UpperBound"/> can at most be off.
/// </summary>
/// <param name="Value">The bound, at least 0.</param>
public sealed record LowerBound(double Value);
