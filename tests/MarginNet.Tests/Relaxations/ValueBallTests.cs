using MarginNet.Graph;
using MarginNet.Graph.Operations;
using MarginNet.Relaxations;
using TorchSharp;
using static TorchSharp.torch;

namespace MarginNet.Tests.Relaxations;

public sealed class ValueBallTests
{
    private static readonly OptimizerOptions Options = new(Enough: double.PositiveInfinity);

    [Theory]
    [InlineData(false, false)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(true, true)]
    public void No_image_of_the_ball_has_a_score_below_the_bound(bool isResidual, bool isCut)
    {
        using var scope = NewDisposeScope();
        using var inference = no_grad();
        var graph = isResidual ? Residual() : Chain();
        var (count, size) = (3, (int)graph.Input.Count.Count);
        var center = rand(count, size, dtype: ScalarType.Float64);
        var radius = tensor([0.05, 0.3, 1.0]);
        foreach (var rounding in (RoundingModel[])[RoundingModel.None, RoundingModel.Exact, RoundingModel.Single])
        {
            using var relaxed = RelaxedGraph.Of(graph, ScalarType.Float64);
            var bounds = Bounds(relaxed, new BallSet(center, radius, isEuclidean: true, isCut), rounding, usesBalls: true);
            var rows = Rows(relaxed.OutputCount);
            var start = ChoiceOptimizer.Start(bounds, relaxed.Output, rows.shape[0]);
            var (lower, choices) = ChoiceOptimizer.Run(bounds, relaxed.Output, rows, start, Options with { Iterations = 5 });
            var far = bounds.Inputs.Minimizer(bounds.Backward(relaxed.Output, rows, choices).Coefficients);
            var around = randn(400, count, size, dtype: ScalarType.Float64);
            around = center + (around / around.norm(-1, keepdim: true) * radius.unsqueeze(1));
            var images = cat([far, isCut ? around.clamp(0, 1) : around]);
            var scores = relaxed.Run(images.flatten(0, 1)).reshape(images.shape[0], count, -1);
            var least = scores.matmul(rows.squeeze(1).t()).amin(0).t();
            var gap = (least - lower).min().ToDouble();
            Assert.True(gap >= (rounding.IsProof ? 0 : -1e-9), $"{gap} with {rounding}"); // Without rounding nothing is proven.
        }
    }

    [Fact]
    public void Bounds_are_no_lower_than_without_balls()
    {
        using var scope = NewDisposeScope();
        using var inference = no_grad();
        var graph = Chain(hidden: 1);
        using var relaxed = RelaxedGraph.Of(graph, ScalarType.Float64);
        var set = new BallSet(rand(2, 27, dtype: ScalarType.Float64), tensor([0.2, 0.7]), isEuclidean: true, isCut: false);
        var rows = Rows(relaxed.OutputCount);
        var (plain, balls) = (Bounds(relaxed, set, RoundingModel.None, false), Bounds(relaxed, set, RoundingModel.None, true));
        Assert.True((balls.Lower(relaxed.Output, rows, new()) - plain.Lower(relaxed.Output, rows, new())).min().ToDouble() >= -1e-9);
        Tensor Best(BoundPropagation bounds) => ChoiceOptimizer.Run(
            bounds, relaxed.Output, rows, ChoiceOptimizer.Start(bounds, relaxed.Output, rows.shape[0]), Options).Lower;
        Assert.True((Best(balls) - Best(plain)).mean().ToDouble() > 0);
    }

    /// <summary>Of many gates at their kinks, each of c/√k: without balls each gate is off by what the ball allows it alone,
    /// c/√k·ρ/2 summed over k gates, with balls by cρ/2 altogether.</summary>
    [Fact]
    public void Of_many_gates_side_by_side_balls_tell_more()
    {
        using var scope = NewDisposeScope();
        using var inference = no_grad();
        const int Count = 100;
        var builder = new GraphBuilder(new(Dimension.Batch, Count));
        var x = builder.Add("relu", new Relu(), builder.Input);
        var weight = builder.Constant("w", full(1, Count, -1 / Math.Sqrt(Count)));
        var graph = builder.ToGraph(builder.Add("fc", new Gemm(1, 1, false, true), x, weight));
        using var relaxed = RelaxedGraph.Of(graph, ScalarType.Float64);
        var set = new BallSet(zeros(1, Count, dtype: ScalarType.Float64), ones(1, dtype: ScalarType.Float64), true, false);
        double Least(bool usesBalls) => Bounds(relaxed, set, RoundingModel.Exact, usesBalls)
            .Lower(relaxed.Output, ones(1, 1, 1, dtype: ScalarType.Float64), new()).ToDouble();
        Assert.Equal(-1, Least(true), 0.01); // The truth.
        Assert.True(Least(false) < -5);
    }

    [Fact]
    public void In_balls_of_radius_0_bounds_are_the_scores()
    {
        using var scope = NewDisposeScope();
        using var inference = no_grad();
        using var relaxed = RelaxedGraph.Of(Residual(), ScalarType.Float64);
        var center = rand(2, 27, dtype: ScalarType.Float64);
        var bounds = Bounds(relaxed, new BallSet(center, zeros(2, ScalarType.Float64), true, false), RoundingModel.Exact, true);
        var lower = bounds.Lower(relaxed.Output, Rows(relaxed.OutputCount), new());
        var scores = relaxed.Run(center).matmul(Rows(relaxed.OutputCount).squeeze(1).t()).t();
        Assert.Equal(0, (lower - scores).abs().max().ToDouble(), 1e-6);
    }

    [Fact]
    public void Norms_of_steps_are_no_less_than_those_of_their_matrices()
    {
        using var scope = NewDisposeScope();
        using var inference = no_grad();
        using var relaxed = RelaxedGraph.Of(Residual(), ScalarType.Float64);
        for (var i = 0; i < relaxed.Steps.Length; i++)
        {
            var step = relaxed.Steps[i];
            for (var k = 0; step.Curve is null && k < step.Data.Length; k++)
            {
                var size = step.Shape.Count.Count;
                var unit = eye(size, dtype: ScalarType.Float64).reshape([size, .. step.Shape.At(1)[1..]]);
                var matrix = step.Layer.Operation.Transposed(step.Layer, k, unit).flatten(1);
                var norm = linalg.svdvals(matrix).max().ToDouble();
                Assert.InRange(relaxed.Norm(i, k), norm, (norm * 1.5) + 1e-9);
                if (step.Layer.Operation.RowNorms(step.Layer) is { } rows)
                {
                    Assert.True((rows.expand(step.Shape.At(1)).flatten() - matrix.norm(1)).min().ToDouble() >= -1e-12);
                }
            }
        }
    }

    private static BoundPropagation Bounds(RelaxedGraph graph, BallSet set, RoundingModel rounding, bool usesBalls)
    {
        var bounds = new BoundPropagation(graph, set, rounding) { UsesBalls = usesBalls };
        bounds.Propagate();
        bounds.Refine(new());
        return bounds;
    }

    /// <summary>Each score and its negative, shape [2C, 1, C].</summary>
    private static Tensor Rows(int count) =>
        cat([eye(count, dtype: ScalarType.Float64), -eye(count, dtype: ScalarType.Float64)]).unsqueeze(1);

    private static Window Square(int side, int padding) => new([side, side], [1, 1], [padding, padding], [padding, padding], [1, 1]);

    private static NetworkGraph Chain(int hidden = 3)
    {
        var builder = new GraphBuilder(new([Dimension.Batch, 3, 3, 3]));
        Operand Constant(double scale, params long[] shape) => builder.Constant("c", randn(shape) * scale);
        var x = builder.Add("conv", new Convolution(Square(3, 1), 1), builder.Input, Constant(0.3, 8, 3, 3, 3), Constant(0.1, 8));
        x = builder.Add("relu", new Relu(), x);
        if (hidden > 1)
        {
            x = builder.Add("conv2", new Convolution(Square(2, 0), 1), x, Constant(0.2, 8, 8, 2, 2), Constant(0.1, 8));
            x = builder.Add("leaky", new LeakyRelu(0.1), x);
        }

        x = builder.Add("flat", new Flatten(1), x);
        return builder.ToGraph(builder.Add("fc", new Gemm(1, 1, false, true), x, Constant(0.2, 4, hidden > 1 ? 32 : 72), Constant(0.1, 4)));
    }

    private static NetworkGraph Residual()
    {
        var builder = new GraphBuilder(new([Dimension.Batch, 3, 3, 3]));
        Operand Constant(double scale, params long[] shape) => builder.Constant("c", randn(shape) * scale);
        var x = builder.Add("conv", new Convolution(Square(3, 1), 1), builder.Input, Constant(0.3, 5, 3, 3, 3), Constant(0.1, 5));
        x = builder.Add("relu", new Relu(), x);
        var branch = builder.Add("conv2", new Convolution(Square(3, 1), 1), x, Constant(0.2, 5, 5, 3, 3), Constant(0.1, 5));
        branch = builder.Add("leaky", new LeakyRelu(0.2), branch);
        branch = builder.Add("conv3", new Convolution(Square(3, 1), 1), branch, Constant(0.2, 5, 5, 3, 3));
        x = builder.Add("sum", new Add(), x, branch);
        x = builder.Add("relu2", new Relu(), x);
        x = builder.Add("flat", new Flatten(1), x);
        return builder.ToGraph(builder.Add("fc", new Gemm(1, 1, false, true), x, Constant(0.2, 3, 45), Constant(0.1, 3)));
    }
}
