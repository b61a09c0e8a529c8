using MarginNet.Native;
using static TorchSharp.torch;

namespace MarginNet.Graph;

/// <summary>x where it is positive and a·x where it is not: ReLU and leaky ReLU.</summary>
/// <param name="Closed">a, in [0, 1].</param>
internal sealed record GateCurve(double Closed) : Curve
{
    public static GateCurve Relu { get; } = new(0);

    public override Lines Lines(Interval x, SlopeRule rule, Tensor? share)
    {
        var (lower, upper) = (x.Lower.AtMost(0), x.Upper.AtLeast(0));
        var isOpen = x.Lower.IsFrom(0);
        var undecided = IsUndecided(x);
        // Of a decided one the secant is its own slope: u/(u − 0) = 1, and a(0 − l)/(0 − l) = a.
        var width = (upper - lower).AtLeast(upper.dtype == ScalarType.Float32 ? 1e-30 : 1e-290);
        var secant = ((upper - lower.Times(Closed)) / width).Within(Closed, 1);
        secant = where(undecided, secant, isOpen.to(secant.dtype).Times(1 - Closed).Plus(Closed));
        // The line runs through neither end exactly: it is raised until it is above both.
        var ends = lower.Times(Closed) - (secant * lower);
        var offset = ends.maximum(upper - (secant * upper)).Plus((upper - lower).Times(4 * Unit(upper.dtype)));
        var slope = share is not null ? where(undecided, share.Times(1 - Closed).Plus(Closed), secant)
            : rule == SlopeRule.Parallel ? secant
            : where(undecided, upper.gt(-lower).to(secant.dtype).Times(1 - Closed).Plus(Closed), secant);
        var room = undecided.to(secant.dtype);
        return new(slope, null, secant, offset * room)
        {
            LeastSlope = where(undecided, secant.AllOf(Closed), secant),
            SlopeRoom = Closed == 0 ? room : room.Times(1 - Closed),
        };
    }

    public override Lines WithShare(Lines lines, Interval x, Tensor share) => lines with
    {
        // Of a decided one nothing is free.
        LowerSlope = lines.LeastSlope!.Plus(share * lines.SlopeRoom!),
    };

    public override Interval Range(Interval x) => new(Value(x.Lower), Value(x.Upper));

    public override Interval Slopes(Interval x)
    {
        Tensor Slope(Tensor isOpen) => isOpen.to(x.Lower.dtype).Times(1 - Closed).Plus(Closed);
        return new(Slope(x.Lower.IsAbove(0)), Slope(x.Upper.IsBelow(0).logical_not())); // Of NaN both.
    }

    public override Tensor IsUndecided(Interval x) => x.Lower.IsBelow(0).logical_and(x.Upper.IsAbove(0));

    private Tensor Value(Tensor x) => Closed == 0 ? x.relu() : where(x.IsAbove(0), x, x.Times(Closed));
}
