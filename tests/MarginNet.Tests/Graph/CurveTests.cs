using MarginNet.Graph;
using MarginNet.Graph.Operations;
using static TorchSharp.torch;
using Tensor = TorchSharp.torch.Tensor;

namespace MarginNet.Tests.Graph;

/// <summary>Laws of functions of one number as bounds know them.</summary>
public sealed class CurveTests
{
    private static readonly Dictionary<string, Operation> Operations = new()
    {
        ["relu"] = new Relu(),
        ["leaky relu"] = new LeakyRelu(0.2),
        ["leaky relu that is steeper below"] = new LeakyRelu(1.7),
        ["leaky relu that falls"] = new LeakyRelu(-0.4),
        ["absolute value"] = new Abs(),
        ["clip"] = new Clip(-0.5, 1.25),
        ["clip from below"] = new Clip(-1, double.PositiveInfinity),
        ["clip that cuts nothing"] = new Clip(double.NegativeInfinity, double.PositiveInfinity),
        ["hard sigmoid"] = new HardSigmoid(0.2, 0.5),
        ["sigmoid"] = new Sigmoid(),
        ["tanh"] = new Tanh(),
        ["softplus"] = new Softplus(),
        ["gelu"] = new Gelu(false),
        ["gelu, approximate"] = new Gelu(true),
        ["swish"] = new Swish(),
        ["swish, steep"] = new Swish(3),
        ["elu"] = new Elu(1),
        ["elu with a kink"] = new Elu(0.4),
        ["selu"] = new Selu(1.67326319217681884765625, 1.05070102214813232421875),
        ["celu"] = new Celu(0.3),
        ["softsign"] = new Softsign(),
        ["mish"] = new Mish(),
        ["hard swish"] = new HardSwish(),
        ["erf"] = new Erf(),
        ["sine"] = new Sin(),
        ["cosine"] = new Cos(),
    };

    public static TheoryData<string> Names => [.. Operations.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public void Lines_are_under_and_over_a_function(string name)
    {
        using var scope = NewDisposeScope();
        var (curve, x, points, values) = Sampled(name);
        Tensor?[] shares = [null, zeros_like(x.Lower), full_like(x.Lower, 0.3), rand_like(x.Lower), ones_like(x.Lower)];
        foreach (var rule in new[] { SlopeRule.Parallel, SlopeRule.Adaptive })
        {
            foreach (var share in shares)
            {
                var lines = curve.Lines(x, rule, share);
                Under(lines.LowerSlope, lines.LowerOffset ?? zeros_like(x.Lower), 1);
                Under(lines.UpperSlope, lines.UpperOffset, -1);
            }
        }

        // The evaluation here rounds as well.
        void Under(Tensor slope, Tensor offset, int sign)
        {
            var line = (slope * points) + offset;
            var rounding = ((slope * points).abs() + offset.abs() + values.abs()) * 1e-15;
            var isBeyond = (line * sign).gt((values * sign) + rounding);
            Assert.False(isBeyond.any().item<bool>(), $"{name}, {(sign > 0 ? "below" : "above")}: {First(isBeyond, x)}");
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Values_and_difference_quotients_are_where_they_are_said_to_be(string name)
    {
        using var scope = NewDisposeScope();
        var (curve, x, points, values) = Sampled(name);
        var range = curve.Range(x);
        var slack = (values.abs() + (points.abs() * 2)) * 1e-15;
        var isOut = values.lt(range.Lower - slack).logical_or(values.gt(range.Upper + slack));
        Assert.False(isOut.any().item<bool>(), $"{name}: {First(isOut, x)}");
        var slopes = curve.Slopes(x);
        var (rises, steps) = (values.diff(1, 0), points.diff(1, 0));
        var unit = (values.abs().amax(0) + (points.abs().amax(0) * 2) + 1) * 4e-16;
        var isSteep = rises.gt((slopes.Upper * steps) + unit).logical_or(rises.lt((slopes.Lower * steps) - unit));
        Assert.False(isSteep.any().item<bool>(), $"{name}: {First(isSteep, x)}");
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void The_slope_at_a_point_is_the_derivative(string name)
    {
        using var scope = NewDisposeScope();
        var at = linspace(-6.03, 6.07, 211, dtype: ScalarType.Float64).requires_grad_();
        Operations[name].Run([at], isTraining: false).sum().backward();
        var slopes = Operations[name].Curve!.Slopes(new(at.detach(), at.detach()));
        var slope = at.grad!;
        Assert.True(slope.ge(slopes.Lower - 1e-9).logical_and(slope.le(slopes.Upper + 1e-9)).all().item<bool>());
        // Near a kink it may be either side's.
        Assert.True((slopes.Upper - slopes.Lower).median().item<double>() < 1e-4);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void No_slope_and_no_bend_is_more_than_is_stated(string name)
    {
        if (Operations[name].Curve is not SampledCurve curve)
        {
            return; // A gate, which states nothing.
        }

        using var scope = NewDisposeScope();
        const double step = 1e-3;
        var points = linspace(-20, 20, 40_001, dtype: ScalarType.Float64);
        var slopes = curve.Value(points).diff(1, 0) / step;
        Assert.True(slopes.ge(curve.Least - 1e-9).logical_and(slopes.le(curve.Most + 1e-9)).all().item<bool>());
        var isBend = ones(40_001).gt(0);
        foreach (var kink in curve.Kinks.IsDefaultOrEmpty ? [] : curve.Kinks)
        {
            isBend = isBend.logical_and((points - kink).abs().gt(2 * step));
        }

        var bends = (slopes.diff(1, 0) / step).abs().masked_select(isBend[1..^1]);
        Assert.True(bends.max().item<double>() <= curve.Curvature + 1e-6, $"{bends.max().item<double>()}");
        // Not stated far too large either: bounds would be worse than they have to be.
        Assert.True(bends.max().item<double>() >= (curve.Curvature * 0.98) - 1e-6, $"{bends.max().item<double>()}");
    }

    /// <summary>Intervals of all sizes, and dense points in each, shape [P, I].</summary>
    private static (Curve Curve, Interval X, Tensor Points, Tensor Values) Sampled(string name)
    {
        var random = new Random(1);
        double Spread(double least, double most) => Math.Pow(10, least + ((most - least) * random.NextDouble()));
        var ends = new List<(double, double)>
        {
            (0, 0), (-0.0, 1), (-1, 0), (1, 1), (-2, -2), (0.5, 0.5), (-1e6, 1e6), (-1e-300, 1e-300), (-1e8, 1e-8), (-1e-7, 1), (-1, 1e-7),
            (-3, 3), (-0.5, 1.25), (-1e4, 0), (0, 1e4),
        };
        for (var i = 0; i < 300; i++)
        {
            var (center, half) = (Spread(-3, 2) * (random.Next(2) == 0 ? 1 : -1), Spread(-12, 1.5));
            ends.Add((center - half, center + half));
            ends.Add((-Spread(-6, 2), Spread(-6, 2)));
        }

        var lower = tensor(ends.Select(end => end.Item1).ToArray());
        var upper = tensor(ends.Select(end => end.Item2).ToArray());
        var drawn = rand(200, ScalarType.Float64).pow(6);
        var shares = cat([linspace(0, 1, 401, dtype: ScalarType.Float64), drawn]).sort(0).Values.unsqueeze(1);
        var points = ((lower * (1 - shares)) + (upper * shares)).maximum(lower).minimum(upper);
        return (Operations[name].Curve!, new(lower, upper), points, Operations[name].Run([points], isTraining: false));
    }

    private static string First(Tensor isWrong, Interval x)
    {
        var places = isWrong.any(0).nonzero();
        if (places.shape[0] == 0)
        {
            return "";
        }

        var place = places[0].item<long>();
        return $"[{x.Lower[place].item<double>():r}, {x.Upper[place].item<double>():r}]";
    }
}
