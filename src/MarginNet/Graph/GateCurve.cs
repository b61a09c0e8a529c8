using static TorchSharp.torch;

namespace MarginNet.Graph;

/// <summary>x where it is positive and a·x where it is not: ReLU and leaky ReLU.</summary>
/// <param name="Closed">a, in [0, 1].</param>
internal sealed record GateCurve(double Closed) : Curve
{
    public static GateCurve Relu { get; } = new(0);

    public override Lines Lines(Interval x, SlopeRule rule, Tensor? share)
    {
        var (lower, upper) = (x.Lower.clamp_max(0), x.Upper.clamp_min(0));
        var isOpen = x.Lower.ge(0);
        var undecided = IsUndecided(x);
        // Of a decided one the secant is its own slope: u/(u − 0) = 1, and a(0 − l)/(0 − l) = a.
        var width = (upper - lower).clamp_min(upper.dtype == ScalarType.Float32 ? 1e-30 : 1e-290);
        var secant = ((upper - (lower * Closed)) / width).clamp(Closed, 1);
        secant = where(undecided, secant, isOpen.to(secant.dtype).mul(1 - Closed).add(Closed));
        // The line runs through neither end exactly: it is raised until it is above both.
        var ends = (lower * Closed) - (secant * lower);
        var offset = ends.maximum(upper - (secant * upper)) + (upper - lower).mul(4 * Unit(upper.dtype));
        var slope = share is not null ? where(undecided, share * (1 - Closed) + Closed, secant)
            : rule == SlopeRule.Parallel ? secant
            : where(undecided, upper.gt(-lower).to(secant.dtype).mul(1 - Closed).add(Closed), secant);
        return new(slope, null, secant, where(undecided, offset, zeros_like(offset)));
    }

    /// <summary>Slopes a share of the way from a to 1 where it is undecided, and its own elsewhere.</summary>
    public Tensor Slope(Interval x, Tensor share) => (where(IsUndecided(x), share, x.Lower.ge(0).to(share.dtype)) * (1 - Closed)) + Closed;

    public override Interval Range(Interval x) => new(Value(x.Lower), Value(x.Upper));

    public override Interval Slopes(Interval x)
    {
        Tensor Slope(Tensor isOpen) => isOpen.to(x.Lower.dtype).mul(1 - Closed).add(Closed);
        return new(Slope(x.Lower.gt(0)), Slope(x.Upper.ge(0)));
    }

    public override Tensor IsUndecided(Interval x) => x.Lower.lt(0).logical_and(x.Upper.gt(0));

    private Tensor Value(Tensor x) => Closed == 0 ? x.relu() : where(x.gt(0), x, x * Closed);

    private static double Unit(ScalarType type) => type == ScalarType.Float32 ? 6e-8 : 1.2e-16;
}
