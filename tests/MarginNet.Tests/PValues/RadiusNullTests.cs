using MarginNet.Attacks;
using MarginNet.Certificates;
using MarginNet.Margins;
using MarginNet.PValues;
using static TorchSharp.torch;

namespace MarginNet.Tests.PValues;

/// <summary>Null models of class-purity radii.</summary>
public sealed class RadiusNullTests
{
    private static readonly RadiusOrigin Origin = new("crown", "ab", 12.5) { Norm = AttackNorm.Linf, IsCut = true };

    [Fact]
    public void With_the_same_constant_for_every_pair_the_p_values_of_radii_are_those_of_margins()
    {
        using var scope = NewDisposeScope();
        var linear = nn.Linear(3, 3, hasBias: false, dtype: ScalarType.Float64);
        using (no_grad())
        {
            linear.weight!.copy_(eye(3) * 2); // Rows that are all equally far from each other: L_ij = 2√2.
        }

        var (prover, random) = (RadiusProver.Create(RadiusProver.Lipschitz, nn.Sequential(linear), new(3)), new Random(1));
        var (margins, radii, classes) = (new double[600], new double[600], new int[600]);
        for (var i = 0; i < margins.Length; i++)
        {
            float[] input = [random.NextSingle(), random.NextSingle(), random.NextSingle()];
            float[] scores = [2 * input[0], 2 * input[1], 2 * input[2]];
            (classes[i], margins[i]) = DecisionMargin.Compute(scores);
            radii[i] = prover.Radius(scores, input);
            Assert.Equal(margins[i] / Math.Sqrt(8), radii[i], 1e-6);
        }

        MarginNullOptions options = new() { FitTestDraws = 0 };
        var (ofMargins, ofRadii) = (
            MarginNullModel.Fit(margins, classes, classes, 3, options),
            MarginNullModel.Fit(radii, classes, classes, 3, options with { Radii = Origin }));
        foreach (var kind in Enum.GetValues<NullKind>())
        {
            for (var i = 0; i < margins.Length; i++)
            {
                var (expected, actual) = (ofMargins.Score(margins[i], classes[i], kind), ofRadii.Score(radii[i], classes[i], kind));
                var tolerance = margins[i] > 1e-2 ? 1e-3 : 2e-2; // Rounding comes off, which is much of a small radius.
                foreach (var tail in Enum.GetValues<PValueTail>())
                {
                    Assert.Equal(expected.Of(tail), actual.Of(tail), tolerance);
                }
            }
        }
    }

    [Fact]
    public void P_values_grow_with_the_radius_and_none_is_a_p_value_of_0_by_the_mixture()
    {
        var model = Fit(zeros: 3);
        Assert.Equal(3, model.Pooled.ZeroCount);
        var none = model.Score(0, 0);
        Assert.Equal((0, 0), (none.Mixture, none.Formula));
        Assert.Equal(model.Classes[0].Distribution.SmallestPValue, none.Empirical);
        var last = none.Lower;
        for (var radius = 0.001; radius < 3; radius *= 1.1)
        {
            var p = model.Score(radius, 0).Lower;
            Assert.True(p >= last, $"{radius}");
            last = p;
        }
    }

    [Fact]
    public void The_state_says_what_the_radii_are_of_and_no_reader_of_margins_takes_them_for_such()
    {
        var (model, margins) = (Fit(zeros: 1), Fit(zeros: 1, isOfRadii: false));
        var state = model.ToState();
        Assert.False(((Dictionary<string, object?>)((List<object?>)state["classes"]!)[0]!).ContainsKey("margins"));
        Assert.DoesNotContain("radii", margins.ToState().Keys);
        Assert.Null(MarginNullModel.FromState(margins.ToState()).Radii);
        using var folder = new TemporaryFolder();
        model.WithTemperature(2).WithRule(FlagRule.Calibrate(model, 0.05)).Save(folder["null.json"]);
        foreach (var read in new[] { MarginNullModel.FromState(state), MarginNullModel.Load(folder["null.json"]) })
        {
            Assert.Equal(Origin, read.Radii);
            Assert.Equal(model.Score(0.3, 1), read.Score(0.3, 1));
        }

        ((Dictionary<string, object?>)state["radii"]!).Remove("network");
        Assert.Contains(
            "network", Assert.Throws<InvalidDataException>(() => MarginNullModel.FromState(state)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Radii_are_alike_by_the_same_method_of_the_same_network_and_bounds_up_to_rounding()
    {
        Assert.True(Origin.IsLike(Origin with { Constant = 12.500001 }));
        Assert.False(Origin.IsLike(Origin with { Constant = 12.51 }));
        Assert.False(Origin.IsLike(Origin with { Network = "cd" }));
        Assert.False(Origin.IsLike(Origin with { Method = "interval" }));
        Assert.False(Origin.IsLike(Origin with { Norm = AttackNorm.L1 }));
        Assert.False(Origin.IsLike(Origin with { IsCut = false }));
    }

    [Fact]
    public void Without_any_certificate_there_is_nothing_to_calibrate_on() => Assert.Contains(
        "with a certified radius",
        Assert.Throws<InvalidDataException>(
            () => MarginNullModel.Fit(new double[20], new int[20], new int[20], 2, new() { Radii = Origin })).Message,
        StringComparison.Ordinal);

    private static MarginNullModel Fit(int zeros, bool isOfRadii = true)
    {
        var random = new Random(2);
        double[] radii = [.. Enumerable.Range(0, 400).Select(i => i < zeros * 2 ? i % 2 : 0.05 + random.NextDouble())];
        int[] classes = [.. Enumerable.Range(0, 400).Select(i => i % 2)];
        return MarginNullModel.Fit(radii, classes, classes, 2, new() { FitTestDraws = 0, Radii = isOfRadii ? Origin : null });
    }
}
