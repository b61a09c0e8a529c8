using MarginNet.Graph;
using MarginNet.Graph.Operations;
using static TorchSharp.torch;

namespace MarginNet.Tests.Graph;

public sealed class AffineFoldingTests
{
    private const double Tolerance = 1e-5; // Of the largest score.

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_folded_graph_gives_the_same_scores_with_fewer_steps(bool hasBias)
    {
        using var scope = NewDisposeScope();
        using var inference = no_grad();
        manual_seed(7);
        var builder = new GraphBuilder(new([Dimension.Batch, 3, 9, 9]));
        Operand Constant(params long[] shape) => builder.Constant("c", randn(shape));
        var window = new Window([3, 3], [1, 1], [1, 1], [1, 1], [1, 1]);
        Operand[] bias = hasBias ? [Constant(6)] : [];
        var x = builder.Add("conv", new Convolution(window, 3), [builder.Input, Constant(6, 1, 3, 3), .. bias]);
        x = builder.Add("bn", new BatchNormalization(1e-3), x, Constant(6), Constant(6), Constant(6), builder.Constant("v", rand(6) + 0.2));
        x = builder.Add("mul", new Mul(), Constant(6, 1, 1), x);
        x = builder.Add("minus", new Sub(), Constant(1, 6, 1, 1), x);
        x = builder.Add("relu", new Relu(), x);
        x = builder.Add("flat", new Flatten(1), x);
        x = builder.Add("fc", new Gemm(1, 1, false, false), [x, Constant(6 * 81, 4), .. hasBias ? [Constant(4)] : Array.Empty<Operand>()]);
        x = builder.Add("div", new Div(), x, builder.Constant("d", rand(4) + 0.5));
        x = builder.Add("add", new Add(), x, Constant(4));
        var graph = builder.ToGraph(x);
        Tensor[] parameters = [.. graph.Parameters.Select(parameter => parameter.Value)];
        var (folded, tensors) = AffineFolding.Fold(graph, parameters);
        Assert.Equal(["minus", "relu", "flat", "add"], folded.Nodes.Select(node => node.Name));
        var images = randn(3, 3, 9, 9);
        var (expected, found) = (graph.Run(images, parameters), folded.Run(images, tensors));
        var steps = InPlaceSteps.Of(folded).Run(images, tensors);
        Assert.InRange(((expected - found).abs().max() / expected.abs().max()).item<float>(), 0, Tolerance);
        Assert.Equal(found.data<float>().ToArray(), steps.data<float>().ToArray());
    }

    [Fact]
    public void What_is_read_elsewhere_or_varies_over_an_image_stays()
    {
        using var scope = NewDisposeScope();
        manual_seed(8);
        var builder = new GraphBuilder(new([Dimension.Batch, 2, 4, 4]));
        var window = new Window([1, 1], [1, 1], [0, 0], [0, 0], [1, 1]);
        var x = builder.Add("conv", new Convolution(window, 1), builder.Input, builder.Constant("w", randn(2, 2, 1, 1)));
        var scaled = builder.Add("scaled", new Mul(), x, builder.Constant("s", randn(2, 1, 1))); // The convolution is read twice.
        var sum = builder.Add("sum", new Add(), x, scaled);
        var other = builder.Add("other", new Convolution(window, 1), sum, builder.Constant("w2", randn(2, 2, 1, 1)));
        var graph = builder.ToGraph(builder.Add("map", new Add(), other, builder.Constant("m", randn(4, 4))));
        Tensor[] parameters = [.. graph.Parameters.Select(parameter => parameter.Value)];
        var (folded, tensors) = AffineFolding.Fold(graph, parameters);
        Assert.Equal(graph.Nodes.Select(node => node.Name), folded.Nodes.Select(node => node.Name));
        using var inference = no_grad();
        var images = randn(2, 2, 4, 4);
        var kept = images.clone();
        var expected = graph.Run(images, parameters).data<float>().ToArray();
        Assert.Equal(expected, InPlaceSteps.Of(folded).Run(images, tensors).data<float>().ToArray());
        Assert.True(kept.eq(images).all().item<bool>());
    }
}
