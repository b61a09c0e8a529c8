using MarginNet.Native;
using System.Collections.Immutable;
using static TorchSharp.torch;

namespace MarginNet.Graph;

/// <summary>
/// A function of one number that is known by its values, its kinks and how fast its slope changes between them. A line of any slope is moved
/// until it passes all samples of the interval, and then by what the function can do between two of them, Δ²/8 · sup |f″|.
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
        var middle = (x.Lower + x.Upper).Times(0.5);
        var lower = share is not null ? slopes.Lower + (share * (slopes.Upper - slopes.Lower)) : Best(isLower: true);
        var upper = Best(isLower: false);
        return new(lower, Offset(lower, isLower: true), upper, Offset(upper, isLower: false));

        Tensor Offset(Tensor slope, bool isLower)
        {
            var rest = values - (slope.unsqueeze(0) * points.reshape(
                [points.shape[0], .. Enumerable.Repeat(1L, (int)(slope.dim() - x.Lower.dim())), .. x.Lower.shape]));
            return isLower ? rest.amin(0) - gap : rest.amax(0) + gap;
        }

        // The line that is farthest from the other side in the middle has the least area between it and the function.
        Tensor Best(bool isLower)
        {
            using var scope = NewDisposeScope();
            var shares = linspace(0, 1, Candidates, dtype: x.Lower.dtype).reshape([-1, .. x.Lower.shape.Select(_ => 1L)]);
            var secant = ((values[^1] - values[0]) / (x.Upper - x.Lower).AtLeast(1e-30)).Within(Least, Most).unsqueeze(0);
            var tried = cat([slopes.Lower + (shares * (slopes.Upper - slopes.Lower)), secant]);
            var rest = values.unsqueeze(0) - (tried.unsqueeze(1) * points.unsqueeze(0));
            var heights = (isLower ? rest.amin(1) : -rest.amax(1)) + ((isLower ? tried : -tried) * middle);
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
        return new(values.amin(0) - own, values.amax(0) + own);
    }

    public override Interval Slopes(Interval x)
    {
        if (Curvature == 0)
        {
            // Between two neighbours among the ends and kinks it is straight.
            var points = Points(x).sort(0).Values;
            var values = Value(points);
            var (steps, rises) = (points.diff(1, 0), values.diff(1, 0));
            var slopes = rises / steps.AtLeast(1e-30);
            var isThere = steps.IsAbove(1e-6);
            var (low, high) = (where(isThere, slopes, slopes.AllOf(Most)), where(isThere, slopes, slopes.AllOf(Least)));
            var none = isThere.any(0).logical_not();
            return new(
                where(none, x.Lower.AllOf(Least), low.amin(0).Plus(-1e-6)).AtLeast(Least),
                where(none, x.Lower.AllOf(Most), high.amax(0).Plus(1e-6)).AtMost(Most));
        }

        // By the mean value theorem each difference quotient is a derivative within its step, from which others differ by Δ sup |f″|.
        var grid = Points(x);
        var step = (x.Upper - x.Lower).Times(1.0 / (Samples - 1));
        var found = Value(grid[..Samples]).diff(1, 0) / step.AtLeast(1e-30);
        var off = step.Times(Curvature) + step.AtLeast(1e-12).reciprocal().Times(Slack * Unit(x.Lower.dtype));
        return new((found.amin(0) - off).Within(Least, Most), (found.amax(0) + off).Within(Least, Most));
    }

    public override Tensor IsUndecided(Interval x) => x.Upper.gt(x.Lower);

    /// <summary>The samples, shape [S, N, …]: an even grid with both ends, and the kinks as far as they are within.</summary>
    private Tensor Points(Interval x)
    {
        var count = Curvature == 0 ? 2 : Samples;
        var shares = linspace(0, 1, count, dtype: x.Lower.dtype).reshape([-1, .. x.Lower.shape.Select(_ => 1L)]);
        var even = x.Lower + (shares * (x.Upper - x.Lower));
        return Kinks.IsDefaultOrEmpty ? even.minimum(x.Upper)
            : cat([even.minimum(x.Upper), .. Kinks.Select(kink => x.Lower.AllOf(kink).maximum(x.Lower).minimum(x.Upper).unsqueeze(0))]);
    }

    /// <summary>How far the function may be beyond a line that all samples are on one side of.</summary>
    private Tensor Gap(Interval x, Tensor points, Tensor values)
    {
        var step = (x.Upper - x.Lower).Times(1.0 / (Samples - 1));
        var size = values.abs().amax(0) + points.abs().amax(0).Times(Math.Max(Math.Abs(Least), Math.Abs(Most)));
        return (step * step).Times(Curvature * 1.01 / 8) + size.Plus(Curvature).Times(Slack * Unit(x.Lower.dtype));
    }

    private static double Unit(ScalarType type) => type == ScalarType.Float32 ? 6e-8 : 1.2e-16;
}
