namespace MarginNet.Bounds;

/// <summary>A bound a + b·s that grows with the length s of the input; arithmetic rounded up.</summary>
/// <param name="Offset">a, at least 0.</param>
/// <param name="Slope">b, at least 0.</param>
internal readonly record struct AffineBound(double Offset, double Slope)
{
    public static AffineBound operator +(AffineBound left, AffineBound right) =>
        new(Rounding.SumUp(left.Offset, right.Offset), Rounding.SumUp(left.Slope, right.Slope));

    public static AffineBound operator +(AffineBound left, double right) => left + new AffineBound(right, 0);

    public static AffineBound operator *(AffineBound left, double right) =>
        new(Rounding.ProductUp(left.Offset, right), Rounding.ProductUp(left.Slope, right));

    public double At(double length) => Rounding.SumUp(Offset, Rounding.ProductUp(Slope, length));

    /// <summary>A bound of both.</summary>
    public AffineBound Or(AffineBound other) => new(Math.Max(Offset, other.Offset), Math.Max(Slope, other.Slope));

    /// <summary>Of two bounds of one number, that which is smaller for long inputs.</summary>
    public AffineBound Least(AffineBound other) => Slope <= other.Slope ? this : other;
}
