using System.Collections.Immutable;
using MarginNet.Native;
using static TorchSharp.torch;

namespace MarginNet.Graph;

/// <summary>
/// A function of one number that is known by its values, its kinks and how fast its slope changes between them. A line of any slope is
/// moved until it passes all samples of the interval, and then by what the function can do between two of them, Δ²/8 · sup |f″|.
/// </summary>
/// <param name="Value">Computes the function.</param>
/// <param name="Curvature">sup |f″| away from the kinks; 0 for a function of straight pieces.</param>
/// <param name="Least">inf f′.</param>
/// <param name="Most">sup f′.</param>
/// <param name="Kinks">Where the slope jumps. Default nowhere.</param>
internal sealed record SampledCurve(
    Func<Tensor, Tensor> Value, double Curvature, double Least, double Most, params ImmutableArray<double> Kinks) : Curve
{
    private const int Samples = 33;
    private const int Candidates = 9; // Slopes tried for a line.
    private const double Slack = 32; // Units of rounding of a function of LibTorch, of its argument and of what is made of it here.

    public override Lines Lines(Interval x, SlopeRule rule, Tensor? share)
    {
        var points = Points(x);
        var values = Value(points);
        var gap = Gap(x, points, values);
        var slopes = Slopes(x);
        var middle = x.Lower.Plus(x.Upper).Times(0.5);
        var lower = share is not null ? slopes.Lower.Plus(share * (slopes.Upper - slopes.Lower)) : Best(isLower: true);
        var upper = Best(isLower: false);
        return new(lower, Offset(lower, isLower: true), upper, Offset(upper, isLower: false));

        Tensor Offset(Tensor slope, bool isLower)
        {
            long[] shape = [points.shape[0], .. Enumerable.Repeat(1L, (int)(slope.dim() - x.Lower.dim())), .. x.Lower.shape];
            var rest = values.reshape(shape) - (slope.unsqueeze(0) * points.reshape(shape));
            return isLower ? rest.amin(0) - gap : rest.amax(0).Plus(gap);
        }

        // The line that is farthest from the other side in the middle has the least area between it and the function.
        Tensor Best(bool isLower)
        {
            using var scope = NewDisposeScope();
            var shares = Shares(Candidates, x.Lower);
            var rise = values[Curvature == 0 ? 1 : Samples - 1] - values[0];
            var secant = (rise / (x.Upper - x.Lower).AtLeast(1e-30)).Within(Least, Most).unsqueeze(0);
            var tried = cat([slopes.Lower.Plus(shares * (slopes.Upper - slopes.Lower)), secant]);
            var rest = values.unsqueeze(0) - (tried.unsqueeze(1) * points.unsqueeze(0));
            var heights = (isLower ? rest.amin(1) : -rest.amax(1)).Plus((isLower ? tried : -tried) * middle);
            return tried.gather(0, heights.argmax(0, keepdim: true)).squeeze(0).MoveToOuterDisposeScope();
        }
    }

    public override Interval Range(Interval x)
    {
        var points = Points(x);
        var values = Value(points);
        var gap = Gap(x, points, values);
        var isMonotone = Least >= 0;
        var own = isMonotone ? values.abs().amax(0).Times(Slack * Unit(x.Lower.dtype)) : gap;
        return new(values.amin(0) - own, values.amax(0).Plus(own));
    }

    public override Interval Slopes(Interval x) => Curvature == 0 ? SlopesOfPieces(x) : SlopesOfBends(x);

    public override Tensor IsUndecided(Interval x) => x.Upper.gt(x.Lower);

    /// <summary>The samples, shape [S, N, …]: an even grid with both ends, and the kinks as far as they are within.</summary>
    private Tensor Points(Interval x)
    {
        var even = Even(x);
        return Kinks.IsDefaultOrEmpty ? even
            : cat([even, .. Kinks.Select(kink => x.Lower.AllOf(kink).maximum(x.Lower).minimum(x.Upper).unsqueeze(0))]);
    }

    /// <summary>How far the function may be beyond a line that all samples are on one side of.</summary>
    private Tensor Gap(Interval x, Tensor points, Tensor values)
    {
        var step = (x.Upper - x.Lower).Times(1.0 / (Samples - 1));
        var size = values.abs().amax(0).Plus(points.abs().amax(0).Times(Math.Max(Math.Abs(Least), Math.Abs(Most))));
        return (step * step).Times(Curvature * 1.01 / 8).Plus(size.Plus(Curvature).Times(Slack * Unit(x.Lower.dtype)));
    }

    /// <summary>Of straight pieces: those that the interval meets.</summary>
    private Interval SlopesOfPieces(Interval x)
    {
        double[] kinks = Kinks.IsDefaultOrEmpty ? [0] : [.. Kinks.Distinct().Order()];
        double[] ends = [kinks[0] - 1, .. kinks, kinks[^1] + 1];
        using var scope = NewDisposeScope();
        var values = Value(tensor(ends, ScalarType.Float64)).data<double>().ToArray();
        var (lower, upper) = (x.Lower.AllOf(Most), x.Lower.AllOf(Least));
        for (var i = 0; i + 1 < ends.Length; i++)
        {
            var (start, end) = (i == 0 ? double.NegativeInfinity : ends[i], i == ends.Length - 2 ? double.PositiveInfinity : ends[i + 1]);
            var slope = (values[i + 1] - values[i]) / (ends[i + 1] - ends[i]);
            var off = Slack * Unit(ScalarType.Float64) * Size(ends[i], values[i]) / (ends[i + 1] - ends[i]);
            var isMissed = x.Upper.IsBelow(start).logical_or(x.Lower.IsAbove(end));
            lower = where(isMissed, lower, lower.AtMost(Math.Max(slope - off, Least)));
            upper = where(isMissed, upper, upper.AtLeast(Math.Min(slope + off, Most)));
        }

        return new Interval(lower, upper).MoveToOuterDisposeScope();

        double Size(double at, double value) => (Math.Abs(at) + 1) * (1 + Math.Max(Math.Abs(Least), Math.Abs(Most))) + Math.Abs(value);
    }

    /// <summary>Where it bends smoothly, each difference quotient is a derivative within its step by the mean value theorem, from which
    /// others there differ by Δ sup |f″|. An interval is widened to where rounding does not drown differences.</summary>
    private Interval SlopesOfBends(Interval x)
    {
        using var scope = NewDisposeScope();
        var unit = Slack * Unit(x.Lower.dtype);
        var (center, half) = (x.Lower.Plus(x.Upper).Times(0.5), (x.Upper - x.Lower).Times(0.5));
        half = half.maximum(x.Magnitude.Plus(1).Times(Math.Sqrt(unit) * Samples));
        var wide = new Interval(center - half, center.Plus(half));
        var step = half.Times(2.0 / (Samples - 1));
        var points = Even(wide);
        var values = Value(points);
        var size = values.abs().amax(0).Plus(wide.Magnitude.Plus(1).Times(1 + Math.Max(Math.Abs(Least), Math.Abs(Most))));
        var off = step.Times(Curvature * 1.01).Plus(size.Times(unit) / step);
        var found = values.diff(1, 0) / step;
        var (lower, upper) = ((found.amin(0) - off).Within(Least, Most), found.amax(0).Plus(off).Within(Least, Most));
        foreach (var kink in Kinks.IsDefaultOrEmpty ? [] : Kinks)
        {
            var isBeside = wide.Lower.IsAbove(kink).logical_or(wide.Upper.IsBelow(kink));
            (lower, upper) = (where(isBeside, lower, lower.AllOf(Least)), where(isBeside, upper, upper.AllOf(Most)));
        }

        return new Interval(lower, upper).MoveToOuterDisposeScope();
    }

    /// <summary>An even grid with both ends, shape [S, N, …].</summary>
    private Tensor Even(Interval x)
    {
        var shares = Shares(Curvature == 0 ? 2 : Samples, x.Lower);
        return (x.Lower * shares.flip(0)).Plus(x.Upper * shares).maximum(x.Lower).minimum(x.Upper);
    }

    /// <summary>Numbers from 0 to 1 at even distances, of which each goes with all of a tensor, shape [S, 1, …].</summary>
    private static Tensor Shares(int count, Tensor of) => tensor([.. Enumerable.Range(0, count).Select(i => (double)i / (count - 1))])
        .to(of.dtype).reshape([-1, .. of.shape.Select(_ => 1L)]);
}
