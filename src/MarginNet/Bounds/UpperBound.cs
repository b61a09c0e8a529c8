namespace MarginNet.Bounds;

/// <summary>
/// A proven upper bound of a Lipschitz constant or operator norm: the truth is never above it. The only kind of number that
/// certifies anything; <see cref="Estimate"/> and <see cref="LowerBound"/> are other types, and do not convert.
/// </summary>
/// <remarks>Sums and products are rounded up. A class, since the default of a struct would be a bound of zero that nobody proved.</remarks>
public sealed record UpperBound : IComparable<UpperBound>
{
    /// <summary>States a bound; whoever calls this vouches for its proof.</summary>
    /// <param name="value">The bound, at least 0; +∞ where nothing is known.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="value"/> is negative or NaN.</exception>
    public UpperBound(double value) =>
        Value = value >= 0 ? value : throw new ArgumentOutOfRangeException(nameof(value), value, "Expected a bound of at least 0.");

    /// <summary>The bound, at least 0; +∞ where nothing is known.</summary>
    public double Value { get; }

    /// <summary>Its decimal logarithm, for bounds too large to be of use.</summary>
    public double Log10 => Math.Log10(Value);

    /// <summary>The bound of a composition: the product, rounded up.</summary>
    /// <param name="left">The bound of one map.</param>
    /// <param name="right">The bound of the other.</param>
    public static UpperBound operator *(UpperBound left, UpperBound right) => Multiply(left, right);

    /// <summary>The bound of a sum of maps: the sum, rounded up.</summary>
    /// <param name="left">The bound of one map.</param>
    /// <param name="right">The bound of the other.</param>
    public static UpperBound operator +(UpperBound left, UpperBound right) => Add(left, right);

    /// <inheritdoc cref="op_Multiply"/>
    public static UpperBound Multiply(UpperBound left, UpperBound right) => new(Rounding.ProductUp(left.Value, right.Value));

    /// <inheritdoc cref="op_Addition"/>
    public static UpperBound Add(UpperBound left, UpperBound right) => new(Rounding.SumUp(left.Value, right.Value));

    /// <summary>The smaller of two bounds of the same thing, which is a bound too.</summary>
    /// <param name="left">One bound.</param>
    /// <param name="right">The other.</param>
    public static UpperBound Min(UpperBound left, UpperBound right) => left.Value <= right.Value ? left : right;

    /// <summary>Orders bounds by value.</summary>
    /// <param name="left">One bound.</param>
    /// <param name="right">The other.</param>
    public static bool operator <(UpperBound left, UpperBound right) => left.Value < right.Value;

    /// <inheritdoc cref="op_LessThan"/>
    public static bool operator >(UpperBound left, UpperBound right) => left.Value > right.Value;

    /// <inheritdoc cref="op_LessThan"/>
    public static bool operator <=(UpperBound left, UpperBound right) => left.Value <= right.Value;

    /// <inheritdoc cref="op_LessThan"/>
    public static bool operator >=(UpperBound left, UpperBound right) => left.Value >= right.Value;

    /// <inheritdoc/>
    public int CompareTo(UpperBound? other) => other is null ? 1 : Value.CompareTo(other.Value);
}
