using MarginNet.Bounds;
using MarginNet.Export;
using MarginNet.Graph;
using MarginNet.Graph.Onnx;
using MarginNet.Graph.Operations;
using MarginNet.Lipschitz;
using MarginNet.Models;
using MarginNet.Tests.Bounds;
using MarginNet.Tests.Export;
using Onnx;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using Slide = MarginNet.Graph.Operations.Convolution;
using Tensor = TorchSharp.torch.Tensor;

namespace MarginNet.Tests.Lipschitz;

/// <summary>Bounds of graphs that are no chain, and of those that were read from ONNX files.</summary>
public sealed class GraphBoundsTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_network_read_back_from_ONNX_has_the_same_constants()
    {
        manual_seed(31);
        (nn.Module<Tensor, Tensor> Network, FeatureShape Input)[] networks =
        [
            (new ResNet18(new() { Width = 3, ClassCount = 4, OutputScale = 5, Rectify = true }), new(3, 12, 10)),
            (new ResNet18(new() { Width = 2, ClassCount = 3, Stem = ResNetStem.Large }), new(3, 20, 20)),
            (new FastNet(new() { Width = 3, ClassCount = 4 }), new(3, 13, 11)),
            .. Enumerable.Range(0, 8).Where(design => design != 5).Select(design => // Whose average has windows of two sizes.
            {
                var (network, input) = RandomNetworks.Create(design);
                return (network.to(ScalarType.Float32), input);
            }),
        ];
        foreach (var (network, input) in networks)
        {
            using var scope = NewDisposeScope();
            Networks.Vary(network);
            foreach (var normalization in network.modules().OfType<BatchNorm>())
            {
                normalization.eps = Math.ScaleB(1, -16); // ONNX keeps it in single precision.
            }

            var (expected, found) = (LipschitzBounds.Compute(network, input), LipschitzBounds.Compute(ReadBack(network, input)));
            AssertEqual(expected.Scores.Value, found.Scores.Value);
            AssertEqual(expected.Euclidean.Value, found.Euclidean.Value);
            AssertEqual(expected.Pair(0, 1).Value, found.Pair(0, 1).Value);
            var ((here, slope), (hereFound, slopeFound)) = (expected.Forward.Pair(0, 1, 3), found.Forward.Pair(0, 1, 3));
            AssertEqual(here, hereFound);
            AssertEqual(slope, slopeFound);
            Assert.Equal(expected.Layers.Select(layer => layer.Kind), found.Layers.Select(layer => layer.Kind));
        }
    }

    [Fact]
    public void A_LipNet_read_back_is_still_seen_to_move_no_two_inputs_apart()
    {
        manual_seed(32);
        using var scope = NewDisposeScope();
        using var network = new LipNet(new() { Width = 14, ClassCount = 3, ImageSize = (8, 8) });
        network.eval();
        var (own, found) = (LipschitzBounds.Compute(network, new(3, 8, 8)), LipschitzBounds.Compute(ReadBack(network, new(3, 8, 8))));
        Assert.InRange(own.Euclidean.Value, 0, 1 + 1e-6);
        Assert.InRange(found.Euclidean.Value, own.Euclidean.Value * (1 - 1e-6), own.Euclidean.Value * (1 + 1e-4));
        Assert.Equal(4, found.Layers.Count(layer => layer is { Kind: "residual", Method: "contraction" }));
    }

    [Fact]
    public void A_residual_layer_whose_way_back_is_nearly_its_way_in_is_bounded_above_what_it_does()
    {
        var isContraction = 0;
        for (var trial = 0; trial < 60; trial++)
        {
            using var scope = NewDisposeScope();
            using var inference = no_grad();
            manual_seed(trial);
            var (noise, size) = (Math.Pow(10, (trial % 5) - 6), 0.1 + (trial % 3));
            var graph = new GraphBuilder(trial % 2 == 0 ? new(Dimension.Batch, 5) : new(Dimension.Batch, 3, 4, 4));
            long[] shape = trial % 2 == 0 ? [7, 5] : [4, 3, 3, 3];
            var w = size * randn(shape, ScalarType.Float64) / 3;
            var scale = rand([shape[0], .. shape[1..].Select(_ => 1L)], ScalarType.Float64);
            var v = (w * scale) + (noise * randn(shape, ScalarType.Float64));
            var bias = graph.Constant("bias", randn(shape[0], ScalarType.Float64));
            Operation into = new Gemm(1, 1, false, true), back = new Gemm(1, 1, false, false);
            if (trial % 2 != 0)
            {
                Window window = new([3, 3], [1, 1], [1, 1], [1, 1], [1, 1]);
                (into, back) = (new Slide(window, 1), new ConvTranspose(window, [0, 0], 1));
            }

            var hidden = graph.Add("relu", new Relu(), graph.Add("in", into, graph.Input, graph.Constant("w", w), bias));
            var value = graph.Add("it", new Sub(), graph.Input, graph.Add("out", back, hidden, graph.Constant("v", v)));
            var it = graph.ToGraph(value);
            Tensor[] values = [.. it.Parameters.Select(parameter => parameter.Value)];
            var layers = ScaleFolding.Fold(GraphLayers.Of(it, values));
            var (bound, method) = layers.Single().Bound(Rearrangement.Shape(it.Input)!.Value);
            isContraction += method == "contraction" ? 1 : 0;
            var x = randn(it.Input.At(300), ScalarType.Float64);
            var y = x + (0.1 * randn(it.Input.At(300), ScalarType.Float64));
            var rates = (it.Run(x, values) - it.Run(y, values)).flatten(1).norm(1) / (x - y).flatten(1).norm(1);
            Assert.InRange(rates.max().item<double>(), 0, bound.Value * (1 + 1e-9));
        }

        Assert.True(isContraction > 20, $"{isContraction} of 60");
    }

    [Fact]
    public void A_chain_of_ONNX_operators_that_is_a_linear_layer_is_one()
    {
        using var scope = NewDisposeScope();
        manual_seed(33);
        var (weight, bias) = (randn(4, 6), randn(4));
        var graph = new GraphBuilder(new(Dimension.Batch, 6));
        var product = graph.Add("product", new MatMul(), graph.Input, graph.Constant("weight", weight.t()));
        var bounds = LipschitzBounds.Compute(graph.ToGraph(graph.Add("sum", new Add(), graph.Constant("bias", bias), product)));
        var linear = nn.Linear(6, 4);
        linear.weight = new(weight);
        AssertEqual(LipschitzBounds.Compute(nn.Sequential(linear), new(6)).Euclidean.Value, bounds.Euclidean.Value);
    }

    [Fact]
    public void No_pair_of_inputs_moves_further_apart_in_a_network_with_branches_than_its_bounds_allow()
    {
        for (var trial = 0; trial < 60; trial++)
        {
            using var scope = NewDisposeScope();
            using var inference = no_grad();
            manual_seed(trial);
            var graph = Branched(new Random(trial));
            var bounds = LipschitzBounds.Compute(graph);
            Tensor[] values = [.. graph.Parameters.Select(parameter => parameter.Value)];
            var x = randn(200, 2, 6, 5, dtype: ScalarType.Float64);
            var y = x + (Math.Pow(10, (trial % 4) - 3) * randn(200, 2, 6, 5, dtype: ScalarType.Float64));
            var change = graph.Run(x, values) - graph.Run(y, values);
            change -= change.mean([1], keepdim: true);
            var rates = change.square().sum(1).sqrt() / (x - y).flatten(1).square().sum(1).sqrt();
            Assert.InRange(rates.max().item<double>(), bounds.Euclidean.Value * 1e-4, bounds.Euclidean.Value * (1 + 1e-9));
        }
    }

    [Fact]
    public void Convolutions_of_every_kind_are_bounded_just_above_the_norm_of_their_matrix()
    {
        using var scope = NewDisposeScope();
        using var inference = no_grad();
        manual_seed(34);
        (ValueShape Input, Operation Operation, long[] Weight)[] cases =
        [
            (new(Dimension.Batch, 2, 7), new Slide(new([3], [2], [1], [1], [2]), 1), [4, 2, 3]),
            (new(Dimension.Batch, 4, 6, 5), new Slide(new([3, 2], [2, 1], [0, 1], [2, 0], [1, 1]), 2), [4, 2, 3, 2]),
            (new(Dimension.Batch, 4, 5), new ConvTranspose(new([3], [2], [1], [1], [1]), [1], 2), [4, 3, 3]),
            (new(Dimension.Batch, 2, 4, 3), new ConvTranspose(new([3, 2], [2, 1], [1, 0], [1, 0], [1, 2]), [0, 0], 1), [2, 3, 3, 2]),
        ];
        foreach (var (input, operation, weight) in cases)
        {
            var builder = new GraphBuilder(input);
            var value = builder.Add("it", operation, builder.Input, builder.Constant("weight", randn(weight, ScalarType.Float64)));
            var graph = builder.ToGraph(value);
            Tensor[] values = [.. graph.Parameters.Select(parameter => parameter.Value)];
            var count = input.Count.Count;
            var matrix = graph.Run(eye(count, dtype: ScalarType.Float64).reshape(input.At(count)), values).flatten(1);
            var layers = GraphLayers.Of(graph, values);
            var bound = LayerChain.Product(layers, Rearrangement.Shape(input)!.Value).Value;
            var truth = DenseNormTests.LargestSingularValue(matrix);
            Assert.InRange(bound, truth * (1 - 1e-12), truth * (1 + 1e-5));
        }
    }

    [Fact]
    public void What_has_no_proven_constant_is_refused_by_its_name_in_any_branch()
    {
        using var scope = NewDisposeScope();
        var graph = new GraphBuilder(new(Dimension.Batch, 3));
        var odd = graph.Add("odd", new MarginNet.Graph.Operations.Softmax(1), graph.Input);
        var error = Assert.Throws<NotSupportedException>(
            () => LipschitzBounds.Compute(graph.ToGraph(graph.Add("sum", new Add(), graph.Input, odd))));
        Assert.StartsWith("Layer 'odd' is a Softmax whose Lipschitz constant", error.Message, StringComparison.Ordinal);
        var product = graph.ToGraph(graph.Add("product", new Mul(), graph.Input, graph.Input));
        Assert.StartsWith(
            "Layer 'product' is a Mul",
            Assert.Throws<NotSupportedException>(() => LipschitzBounds.Compute(product)).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Branches_that_share_parts_again_and_again_are_refused_before_they_take_forever()
    {
        using var scope = NewDisposeScope();
        var graph = new GraphBuilder(new(Dimension.Batch, 3));
        var (older, value) = (graph.Input, graph.Add("r", new Relu(), graph.Input));
        for (var i = 0; i < 60; i++)
        {
            (older, value) = (value, graph.Add($"sum{i}", new Add(), older, graph.Add($"relu{i}", new Relu(), value)));
        }

        var error = Assert.Throws<NotSupportedException>(() => LipschitzBounds.Compute(graph.ToGraph(value)));
        Assert.Contains("more branches than can be followed", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Another_attribute_or_order_of_inputs_makes_it_another_graph()
    {
        using var scope = NewDisposeScope();
        var weight = randn(3, 3);
        NetworkGraph Make(double slope, bool isSwapped)
        {
            var graph = new GraphBuilder(new(Dimension.Batch, 3));
            var leaky = graph.Add("leaky", new LeakyRelu(slope), graph.Input);
            var linear = graph.Add("linear", new Gemm(1, 1, false, true), graph.Input, graph.Constant("weight", weight));
            return graph.ToGraph(graph.Add("difference", new Sub(), isSwapped ? [linear, leaky] : [leaky, linear]));
        }

        var bounds = LipschitzBounds.Compute(Make(0.1, false));
        Assert.True(bounds.IsOf(Make(0.1, false)));
        Assert.False(bounds.IsOf(Make(0.1 + 1e-16, false)));
        Assert.False(bounds.IsOf(Make(0.1, true)));
    }

    [Fact]
    public void So_does_what_ONNX_has_no_attribute_for()
    {
        using var scope = NewDisposeScope();
        NetworkGraph Make(Operation operation)
        {
            var graph = new GraphBuilder(new(Dimension.Batch, 3, 4, 4));
            return graph.ToGraph(graph.Add("flat", new MarginNet.Graph.Operations.Flatten(1), graph.Add("it", operation, graph.Input)));
        }

        (Operation One, Operation Other)[] pairs =
        [
            (new Clip(0, 6), new Clip(0, 7)),
            (new Pad([0, 0, 0, 0], [0, 0, 1, 0], "constant", 0), new Pad([0, 0, 1, 0], [0, 0, 0, 0], "constant", 0)),
            (new LeakyRelu(0.1), new LeakyRelu(0.1 + 1e-16)),
            (new MaxPool(Square(2, 0), false), new MaxPool(Square(2, 1), false)),
        ];
        foreach (var (one, other) in pairs)
        {
            var bounds = LipschitzBounds.Compute(Make(one));
            Assert.True(bounds.IsOf(Make(one)));
            Assert.False(bounds.IsOf(Make(other)));
        }

        static Window Square(long side, long padding) =>
            new([side, side], [1, 1], [padding, padding], [padding, padding], [1, 1]);
    }

    private NetworkGraph ReadBack(nn.Module<Tensor, Tensor> network, FeatureShape input)
    {
        ModelExport.ToOnnx(network, input, _folder["m.onnx"]);
        var file = ModelProto.Parser.ParseFrom(File.ReadAllBytes(_folder["m.onnx"]));
        return OnnxReader.Read(file, [input.Channels, input.Height, input.Width]);
    }

    /// <summary>A few convolutions whose values are added, subtracted and joined, each of any before it.</summary>
    private static NetworkGraph Branched(Random random)
    {
        var graph = new GraphBuilder(new(Dimension.Batch, 2, 6, 5));
        var values = new List<Operand> { graph.Input };
        for (var i = 0; i < 6; i++)
        {
            var (one, other) = (values[random.Next(values.Count)], values[random.Next(values.Count)]);
            Operand Same(Operand x) => graph.Add(
                "same", new Slide(new([3, 3], [1, 1], [1, 1], [1, 1], [1, 1]), 1), x,
                graph.Constant("weight", randn(2, x.Shape[1].Count, 3, 3, dtype: ScalarType.Float64)));
            values.Add(random.Next(5) switch
            {
                0 => graph.Add("add", new Add(), Same(one), Same(other)),
                1 => graph.Add("sub", new Sub(), Same(one), Same(other)),
                2 => graph.Add("concat", new Concat(1), one, other),
                3 => graph.Add("relu", new Relu(), one),
                _ => Same(graph.Add("scaled", new Mul(), one, graph.Constant("scale", tensor(-1.5)))),
            });
        }

        var features = graph.Add("flat", new MarginNet.Graph.Operations.Flatten(1), values[^1]);
        var weight = randn(3, features.Shape[1].Count, dtype: ScalarType.Float64);
        return graph.ToGraph(graph.Add("head", new Gemm(1, 1, false, true), features, graph.Constant("weight", weight)));
    }

    private static void AssertEqual(double expected, double found) => Assert.Equal(expected, found, 1e-12 * Math.Abs(expected));
}
