using MarginNet.Graph;
using MarginNet.Graph.Onnx;
using MarginNet.Native;
using MarginNet.Relaxations;
using MarginNet.Tests.Graph;
using static TorchSharp.torch;
using Tensor = TorchSharp.torch.Tensor;

namespace MarginNet.Tests.Relaxations;

/// <summary>Bounds that cover the network's own rounding hold for its scores in float32, whatever the order of its sums.</summary>
public sealed class RoundingTests
{
    public static TheoryData<string> Networks => [.. RelaxedCases.Names];

    [Theory]
    [MemberData(nameof(Networks))]
    public void Scores_in_single_precision_are_within_bounds(string name)
    {
        using var scope = NewDisposeScope();
        var graph = Single(RelaxedCases.Create(name, new Random(9)));
        Check(graph, rand(1, graph.Input.Count.Count), 0, 16);
        Check(graph, rand(1, graph.Input.Count.Count), 0.0078125, 3);
    }

    [Fact]
    public void Scores_that_cancel_are_within_bounds()
    {
        using var scope = NewDisposeScope();
        var it = new OperatorCase([400]);
        var random = new Random(10);
        // 10⁷ is added and taken away again, and sums of large terms of both signs are small.
        var x = it.Node("Add", [OperatorCase.Input, it.Constant([], [1e7f])]);
        x = it.Node("Sub", [x, it.Constant([], [1e7f])]);
        string Draw(long[] shape, double size) => it.Constant(shape, () => size * OperatorCase.Normal(random));
        x = it.Node("Gemm", [x, Draw([400, 60], 1e4), Draw([60], 1e5)]);
        x = it.Node("Relu", [x]);
        it.Node("Gemm", [x, Draw([60, 3], 1e3)]);
        var graph = OnnxReader.Read(it.ToModel(), it.Image);
        Check(graph, rand(1, 400), 0, 33);
        Check(graph, rand(1, 400), 0.125, 33);
    }

    [Fact]
    public void Sums_of_many_terms_are_within_bounds_by_other_kernels_too()
    {
        using var scope = NewDisposeScope();
        var it = new OperatorCase([16, 9, 9]);
        var random = new Random(11);
        double Draw() => OperatorCase.Normal(random);
        (string, object)[] around = [("pads", (long[])[1, 1, 1, 1])];
        var x = it.Node("Relu", [it.Node("Conv", [OperatorCase.Input, it.Constant([24, 16, 3, 3], Draw)], around)]);
        x = it.Node("Conv", [x, it.Constant([16, 24, 3, 3], Draw), it.Constant([16], Draw)], around);
        it.Node("Gemm", [it.Node("Flatten", [x]), it.Constant([16 * 81, 4], Draw)]);
        var graph = OnnxReader.Read(it.ToModel(), it.Image);
        Check(graph, rand(1, 16 * 81), 0, 40);
    }

    [Fact]
    public void What_overflows_in_single_precision_is_not_proven()
    {
        using var scope = NewDisposeScope();
        var it = new OperatorCase([2]);
        var x = it.Node("Gemm", [OperatorCase.Input, it.Constant([2, 2], [1e30f, 0, 0, 1e30f])]);
        x = it.Node("Gemm", [x, it.Constant([2, 2], [1e30f, 0, 0, 1e30f])]);
        it.Node("Mul", [x, it.Constant([], [1e-30f])]);
        var graph = OnnxReader.Read(it.ToModel(), it.Image);
        Assert.False(Scores(graph, ones(1, 2)).isfinite().any().item<bool>());
        using var relaxed = RelaxedGraph.Of(graph, ScalarType.Float64);
        var one = ones(1, 2, ScalarType.Float64);
        double Lower(RoundingModel model)
        {
            using var bounds = new BoundPropagation(relaxed, new BoxSet(one, one), model);
            bounds.Refine(new());
            return bounds.Lower(relaxed.Output, tensor([1.0, 0]).reshape(1, 1, 2), new()).item<double>();
        }

        Assert.True(Lower(RoundingModel.Exact) > 0);
        Assert.False(Lower(RoundingModel.Single) > 0);
    }

    /// <summary>Checks bounds on a box around an image against scores of images in it, in batches of several sizes.</summary>
    private static void Check(NetworkGraph graph, Tensor image, double radius, int batch)
    {
        using var relaxed = RelaxedGraph.Of(graph, ScalarType.Float64);
        var center = image.to(ScalarType.Float64);
        var set = new BoxSet(center - radius, center + radius);
        using var bounds = new BoundPropagation(relaxed, set, RoundingModel.Single);
        bounds.Propagate();
        bounds.Refine(new());
        var each = eye(relaxed.OutputCount, dtype: ScalarType.Float64);
        var (lower, upper) = (Lower(each), -Lower(-each));
        Tensor Lower(Tensor rows) => bounds.Lower(relaxed.Output, rows.unsqueeze(1), new()).squeeze(1);
        var images = (image + ((rand(batch, image.shape[1]) - 0.5).sign() * radius * rand(batch, 1).clamp_min(0.5))).to(ScalarType.Float32);
        images = images.maximum((center - radius).to(ScalarType.Float32)).minimum((center + radius).to(ScalarType.Float32));
        // To the nearest of float32 they may be a digit outside.
        var precise = images.to(ScalarType.Float64);
        images = images.where(precise.ge(set.Box.Lower).logical_and(precise.le(set.Box.Upper)), image);
        Within(Scores(graph, images));
        Within(cat([.. images.split(1).Select(one => Scores(graph, one))]));
        if (images.shape[1] == graph.Input.Count.Count && graph.Input.Rank == 4)
        {
            Within(graph.Run(
                images.reshape(graph.Input.At(batch)).permute(0, 2, 3, 1).contiguous().permute(0, 3, 1, 2),
                [.. graph.Parameters.Select(parameter => parameter.Value)]).flatten(1));
        }

        if (OneDnn.CanSwitch)
        {
            using var off = OneDnn.Off();
            Within(Scores(graph, images));
        }

        void Within(Tensor scores)
        {
            Assert.Equal(ScalarType.Float32, scores.dtype);
            var found = scores.to(ScalarType.Float64);
            Assert.True(
                found.ge(lower).logical_and(found.le(upper)).all().item<bool>(),
                $"by {(lower - found).maximum(found - upper).max().item<double>()} of {(upper - lower).max().item<double>()}");
        }
    }

    private static Tensor Scores(NetworkGraph graph, Tensor images) => RelaxedCases.Scores(graph, images);

    private static NetworkGraph Single(NetworkGraph graph) => new(
        graph.Input,
        [.. graph.Parameters.Select(parameter => parameter with
        {
            Value = parameter.Value.is_floating_point() ? parameter.Value.to(ScalarType.Float32) : parameter.Value,
        })],
        graph.Nodes,
        graph.Output);
}
