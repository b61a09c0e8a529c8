using MarginNet.Bounds;
using MarginNet.Graph;
using MarginNet.Graph.Modules;
using MarginNet.Graph.Onnx;
using MarginNet.Models;
using MarginNet.Relaxations;
using MarginNet.Tests.Graph;
using MarginNet.Verification;
using static TorchSharp.torch;
using Tensor = TorchSharp.torch.Tensor;

namespace MarginNet.Tests.Relaxations;

/// <summary>Laws of bounds of networks in balls.</summary>
public sealed class BoundPropagationTests
{
    private const int Kinds = 6;

    public static TheoryData<string> Networks => [.. RelaxedCases.Names];

    [Theory]
    [MemberData(nameof(Networks))]
    public void Bounds_hold_at_points_that_try_to_break_them(string name)
    {
        using var scope = NewDisposeScope();
        var random = new Random(name.Length);
        for (var kind = 0; kind < Kinds; kind++)
        {
            using var trial = NewDisposeScope();
            var graph = RelaxedCases.Create(name, random);
            using var relaxed = RelaxedGraph.Of(graph, ScalarType.Float64);
            var radius = new[] { 0.003, 0.03, 0.3 }[(kind + random.Next(3)) % 3];
            var set = RelaxedCases.Set(kind, rand(2, graph.Input.Count.Count, ScalarType.Float64), radius);
            var rows = Functions(relaxed.OutputCount);
            var points = RelaxedCases.Points(graph, set, rows);
            var scores = RelaxedCases.Scores(graph, points.flatten(0, 1)).reshape([.. points.shape.AsSpan()[..2], -1]); // [P, N, C]
            var least = (scores.unsqueeze(0) * rows.unsqueeze(1)).sum(-1).amin(1); // [R, N]
            using var bounds = new BoundPropagation(relaxed, set, RoundingModel.Exact);
            bounds.Propagate();
            Check(bounds, "intervals");
            foreach (var rule in new[] { SlopeRule.Parallel, SlopeRule.Adaptive })
            {
                var choices = new Choices { Rule = rule };
                Below(bounds.Lower(relaxed.Output, rows, choices), $"{rule}");
                bounds.Refine(choices);
                Check(bounds, $"intervals refined by {rule}");
                Below(bounds.Lower(relaxed.Output, rows, choices), $"{rule} of refined intervals");
            }

            var start = bounds.Lower(relaxed.Output, rows, new());
            var (best, kept) = ChoiceOptimizer.Run(
                bounds, relaxed.Output, rows, ChoiceOptimizer.Start(bounds, relaxed.Output, rows.shape[0]),
                new(5, Enough: double.MaxValue));
            Below(best, "optimised slopes");
            Below(bounds.Lower(relaxed.Output, rows, kept), "kept slopes");
            Assert.True(best.isfinite().all().item<bool>() && start.isfinite().all().item<bool>());

            void Below(Tensor lower, string what) => Assert.True(
                lower.le(least).all().item<bool>(), $"{what} of {name} on set {kind}: {(lower - least).max().item<double>()}");

            void Check(BoundPropagation found, string what)
            {
                var values = new Tensor[relaxed.Steps.Length + 1];
                values[0] = points.flatten(0, 1).reshape(graph.Input.At(points.shape[0] * 2));
                for (var i = 0; i < values.Length; i++)
                {
                    if (i > 0)
                    {
                        values[i] = relaxed.Steps[i - 1].Run([.. relaxed.Steps[i - 1].Data.Select(place => values[place])]);
                    }

                    var value = values[i].reshape([points.shape[0], .. found[i].Lower.shape]);
                    Assert.True(
                        value.ge(found[i].Lower).logical_and(value.le(found[i].Upper)).all().item<bool>(),
                        $"{what} of {name} on set {kind}: value {i}");
                }
            }
        }
    }

    [Fact]
    public void Bounds_of_this_librarys_networks_hold()
    {
        using var scope = NewDisposeScope();
        Classifier[] networks =
        [
            new LipNet(new() { Width = 4, ImageSize = (16, 16), ClassCount = 3 }),
            new OrthogonalNet(new() { Width = 4, ImageSize = (16, 16), ClassCount = 3 }),
            new LiResNet(new() { Width = 4, ImageSize = (16, 16), ClassCount = 3 }),
            new FastNet(new() { Width = 2, ClassCount = 3 }),
            new ResNet18(new() { Width = 2, ClassCount = 3 }),
        ];
        foreach (var network in networks)
        {
            using var trial = NewDisposeScope();
            using var own = network;
            network.eval();
            var size = network is LipNet or OrthogonalNet or LiResNet ? 16 : 32;
            var graph = RelaxedCases.Precise(ModuleReader.Read(network, new FeatureShape(3, size, size)));
            using var relaxed = RelaxedGraph.Of(graph, ScalarType.Float64);
            var rows = Functions(relaxed.OutputCount);
            foreach (var kind in new[] { 1, 3, 4 })
            {
                var set = RelaxedCases.Set(kind, rand(1, graph.Input.Count.Count, ScalarType.Float64), 1e-3);
                using var bounds = new BoundPropagation(relaxed, set, RoundingModel.Exact);
                bounds.Propagate();
                var points = RelaxedCases.Points(graph, set, rows);
                var scores = RelaxedCases.Scores(graph, points.flatten(0, 1)).reshape([.. points.shape.AsSpan()[..2], -1]);
                var least = (scores.unsqueeze(0) * rows.unsqueeze(1)).sum(-1).amin(1);
                var lower = bounds.Lower(relaxed.Output, rows, new());
                Assert.True(lower.isfinite().all().item<bool>());
                Assert.True(
                    lower.le(least).all().item<bool>(), $"{network.GetType().Name}, set {kind}: {(lower - least).max().item<double>()}");
            }
        }
    }

    [Theory]
    [MemberData(nameof(Networks))]
    public void Without_a_radius_bounds_are_the_scores(string name)
    {
        using var scope = NewDisposeScope();
        var graph = RelaxedCases.Create(name, new Random(1));
        using var relaxed = RelaxedGraph.Of(graph, ScalarType.Float64);
        var images = rand(3, graph.Input.Count.Count, ScalarType.Float64);
        var rows = Functions(relaxed.OutputCount);
        var expected = (RelaxedCases.Scores(graph, images) * rows).sum(-1);
        for (var kind = 0; kind < Kinds; kind++)
        {
            using var bounds = new BoundPropagation(relaxed, RelaxedCases.Set(kind, images, 0), RoundingModel.Exact);
            bounds.Refine(new());
            var lower = bounds.Lower(relaxed.Output, rows, new());
            Assert.True(lower.le(expected).all().item<bool>());
            Assert.True((expected - lower).max().item<double>() < 1e-7, $"{name}, set {kind}: {(expected - lower).max().item<double>()}");
        }
    }

    [Theory]
    [MemberData(nameof(Networks))]
    public void Intervals_grow_with_the_set_and_shrink_when_they_are_refined(string name)
    {
        using var scope = NewDisposeScope();
        var graph = RelaxedCases.Create(name, new Random(2));
        using var relaxed = RelaxedGraph.Of(graph, ScalarType.Float64);
        var images = rand(2, graph.Input.Count.Count, ScalarType.Float64);
        BoundPropagation Of(double radius)
        {
            var bounds = new BoundPropagation(relaxed, RelaxedCases.Set(0, images, radius), RoundingModel.None);
            bounds.Propagate();
            return bounds;
        }

        using var small = Of(0.02);
        using var large = Of(0.05);
        using var refined = Of(0.05);
        refined.Refine(new());
        for (var i = 0; i <= relaxed.Steps.Length; i++)
        {
            // Where functions are sampled, the samples differ.
            Assert.True(IsWithin(small[i], large[i], 0.02), $"{name}: value {i}");
            Assert.True(IsWithin(refined[i], large[i], 1e-12), $"{name}: refined value {i}");
        }

        static bool IsWithin(Interval inner, Interval outer, double slack) =>
            inner.Lower.ge(outer.Lower - slack).logical_and(inner.Upper.le(outer.Upper + slack)).all().item<bool>();
    }

    [Fact]
    public void Optimised_slopes_are_no_worse_than_where_they_start_and_often_better()
    {
        using var scope = NewDisposeScope();
        var random = new Random(3);
        var gain = 0.0;
        foreach (var name in new[] { "design 7", "residual", "Sigmoid" })
        {
            var graph = RelaxedCases.Create(name, random);
            using var relaxed = RelaxedGraph.Of(graph, ScalarType.Float64);
            using var bounds = new BoundPropagation(
                relaxed, RelaxedCases.Set(0, rand(2, graph.Input.Count.Count, ScalarType.Float64), 0.1), RoundingModel.Exact);
            bounds.Refine(new());
            var rows = Functions(relaxed.OutputCount);
            var first = ChoiceOptimizer.Start(bounds, relaxed.Output, rows.shape[0]);
            var start = bounds.Lower(relaxed.Output, rows, first);
            var (best, _) = ChoiceOptimizer.Run(bounds, relaxed.Output, rows, first, new(Enough: double.MaxValue));
            Assert.True(best.ge(start).all().item<bool>());
            gain += (best - start).sum().item<double>();
        }

        Assert.True(gain > 0);
    }

    [Theory]
    [InlineData(double.NaN)]
    [InlineData(double.PositiveInfinity)]
    [InlineData(1e200)]
    public void What_is_not_a_number_is_never_proven(double bad)
    {
        using var scope = NewDisposeScope();
        var random = new Random(4);
        foreach (var name in new[] { "design 0", "design 7", "residual", "pooling with padding", "Sigmoid", "Clip", "gates of channels" })
        {
            var graph = RelaxedCases.Create(name, random);
            var parameters = graph.Parameters.Where(parameter => parameter.Value.is_floating_point() && parameter.Value.dim() > 0);
            foreach (var parameter in parameters)
            {
                using var kept = parameter.Value.clone();
                parameter.Value.reshape(-1)[0] = bad;
                Check(graph, rand(1, graph.Input.Count.Count, ScalarType.Float64));
                parameter.Value.copy_(kept);
            }

            var image = rand(1, graph.Input.Count.Count, ScalarType.Float64);
            image[0, 1] = bad;
            Check(graph, image);
        }

        void Check(NetworkGraph graph, Tensor image)
        {
            using var trial = NewDisposeScope();
            using var relaxed = RelaxedGraph.Of(graph, ScalarType.Float64);
            // Some score is above the other as far as anything tells, unless it is neither.
            var each = eye(relaxed.OutputCount, dtype: ScalarType.Float64);
            var rows = cat([each, -each]).unsqueeze(1);
            var scores = RelaxedCases.Scores(graph, image);
            foreach (var kind in new[] { 0, random.Next(1, Kinds) })
            {
                using var bounds = new BoundPropagation(relaxed, RelaxedCases.Set(kind, image, 0.01), RoundingModel.Single);
                bounds.Refine(new());
                var lower = bounds.Lower(relaxed.Output, rows, new());
                var (best, _) = ChoiceOptimizer.Run(
                    bounds, relaxed.Output, rows, ChoiceOptimizer.Start(bounds, relaxed.Output, rows.shape[0]), new(1));
                var truth = (scores * rows).sum(-1);
                var isFalse = truth.isfinite().logical_and(truth.gt(0)).logical_not(); // What may be stated is what is so.
                Assert.False(lower.gt(0).logical_and(isFalse).any().item<bool>(), $"{bad} on set {kind}");
                Assert.False(best.gt(0).logical_and(isFalse).any().item<bool>(), $"{bad} on set {kind}, optimised");
            }
        }
    }

    [Theory]
    [InlineData(double.NaN)]
    [InlineData(double.NegativeInfinity)]
    public void What_is_not_a_number_is_not_proven_by_splitting(double bad)
    {
        using var scope = NewDisposeScope();
        var graph = RelaxedCases.Create("design 7", new Random(12));
        graph.Parameters.First(parameter => parameter.Value.dim() > 1).Value[1, 1] = bad;
        using var fast = RelaxedGraph.Of(graph, ScalarType.Float32);
        using var precise = RelaxedGraph.Of(graph, ScalarType.Float64);
        var set = RelaxedCases.Set(0, rand(1, graph.Input.Count.Count, ScalarType.Float64), 0.01);
        BoundPropagation Bounds(RelaxedGraph of, InputSet inputs, RoundingModel rounding)
        {
            var found = new BoundPropagation(of, inputs, rounding);
            found.Refine(new());
            return found;
        }

        using var search = Bounds(fast, set.To(ScalarType.Float32), RoundingModel.None);
        var splitting = new NeuronSplitting(
            search, () => Bounds(precise, set, RoundingModel.Exact).DetachFromDisposeScope(), ones(1, 3, ScalarType.Float64),
            full(1, 1e9, dtype: ScalarType.Float64), new(), () => false);
        Assert.False(splitting.Prove());
    }

    [Fact]
    public void A_number_times_its_sigmoid_is_bounded_as_one_function()
    {
        using var scope = NewDisposeScope();
        Tensor Lower(int operatorSet, Func<OperatorCase, string> build)
        {
            var it = new OperatorCase([4], operatorSet);
            it.Node("Gemm", [build(it), it.Constant([4, 1], [1f, -2, 3, -4])]);
            using var relaxed = RelaxedGraph.Of(OnnxReader.Read(it.ToModel(), it.Image), ScalarType.Float64);
            using var bounds = new BoundPropagation(
                relaxed, new BoxSet(full([1, 4], -1, ScalarType.Float64), ones(1, 4, ScalarType.Float64)), RoundingModel.Exact);
            bounds.Propagate();
            return bounds.Lower(relaxed.Output, ones(1, 1, 1, ScalarType.Float64), new());
        }

        const string x = OperatorCase.Input;
        var expected = Lower(24, it => it.Node("Swish", [x])).item<double>();
        Assert.Equal(expected, Lower(13, it => it.Node("Mul", [x, it.Node("Sigmoid", [x])])).item<double>());
        Assert.Equal(expected, Lower(13, it => it.Node("Mul", [it.Node("Sigmoid", [x]), x])).item<double>());

        // As PyTorch writes GELU: x/√2, erf, + 1, times x, times ½; and in other orders.
        expected = Lower(24, it => it.Node("Gelu", [x])).item<double>();
        string Risen(OperatorCase it, string erf) => it.Node("Add", [erf, it.Constant([], [1f])]);
        Func<OperatorCase, string>[] written =
        [
            it => it.Node("Mul", [
                it.Node("Mul", [x, Risen(it, it.Node("Erf", [it.Node("Div", [x, it.Constant([], [MathF.Sqrt(2)])])]))]),
                it.Constant([], [0.5f])]),
            it => it.Node("Mul", [
                Risen(it, it.Node("Erf", [it.Node("Mul", [it.Constant([], [MathF.Sqrt(0.5f)]), x])])),
                it.Node("Mul", [it.Constant([1], [0.5f]), x])]),
            it => it.Node("Div", [
                it.Node("Mul", [Risen(it, it.Node("Erf", [it.Node("Div", [x, it.Constant([], [MathF.Sqrt(2)])])])), x]),
                it.Constant([], [2f])]),
        ];
        Assert.All(written, build => Assert.Equal(expected, Lower(13, build).item<double>(), 1e-5)); // Their √2 are of float32.

        // Of another function of the same kind the bound is under what it does.
        var other = Lower(13, it => it.Node("Mul", [
            it.Node("Mul", [x, Risen(it, it.Node("Erf", [it.Node("Mul", [x, it.Constant([], [1.7f])])]))]),
            it.Constant([], [0.3f])]));
        var grid = linspace(-1, 1, 41, ScalarType.Float64);
        var value = grid.mul(0.3f) * (grid.mul(1.7f).erf() + 1);
        var least = new[] { 1.0, -2, 3, -4 }.Sum(weight => (value * weight).min().item<double>());
        Assert.InRange(other.item<double>(), least - 1.5, least + 1e-9);
    }

    [Fact]
    public void A_layer_without_bounds_is_refused_by_name()
    {
        using var scope = NewDisposeScope();
        var it = new OperatorCase([3]);
        it.Node("Gemm", [it.Node("Floor", [OperatorCase.Input]), it.Constant([3, 2], () => 1)]);
        var graph = OnnxReader.Read(it.ToModel(), it.Image);
        var error = Assert.Throws<NotSupportedException>(() => RelaxedGraph.Of(graph, ScalarType.Float64));
        Assert.StartsWith("Layer 'Floor0_0' is a Floor of which no bounds are known", error.Message, StringComparison.Ordinal);
    }

    /// <summary>Both signs of each score, and some differences; shape [R, 1, C].</summary>
    private static Tensor Functions(int scores)
    {
        var each = eye(scores, dtype: ScalarType.Float64);
        return cat([each, -each, each - each.roll(1, 0)]).unsqueeze(1);
    }
}
