using MarginNet.Bounds;
using MarginNet.Graph.Modules;
using MarginNet.Lipschitz;
using static TorchSharp.torch;

namespace MarginNet.Tests.Lipschitz;

public sealed class TrainingConstantsTests
{
    [Fact]
    public void After_some_steps_they_are_the_product_of_the_layers_norms_and_never_above_the_proven_one()
    {
        using var scope = NewDisposeScope();
        manual_seed(11);
        for (var design = 0; design < 8; design++)
        {
            var (network, input) = RandomNetworks.Create(design);
            using var norms = new PowerIteration();
            Tensor constants = zeros(1);
            for (var step = 0; step < 150; step++)
            {
                constants = TrainingConstants.Compute(network, input, norms, CPU);
            }

            var expected = Product(network, input);
            for (var (i, classes) = (0, constants.shape[0]); i < classes; i++)
            {
                for (var j = 0; j < classes; j++)
                {
                    if (i != j)
                    {
                        // A residual or a small convolution may have a smaller bound by another method;
                        // a power iteration may lag where two singular values are close.
                        Assert.InRange(constants[i, j].item<float>() / expected[i, j], 0.95, 1.02);
                    }
                }
            }
        }
    }

    [Fact]
    public void The_gradient_of_a_norm_is_the_outer_product_of_its_singular_vectors()
    {
        using var scope = NewDisposeScope();
        manual_seed(12);
        var weight = randn(6, 9).requires_grad_();
        using var norms = new PowerIteration();
        Tensor norm = zeros(1);
        for (var step = 0; step < 200; step++)
        {
            norm = norms.Norm("w", x => nn.functional.linear(x, weight), [9], CPU);
        }

        norm.backward();
        var (u, s, v) = linalg.svd(weight.detach());
        Assert.Equal(s[0].item<float>(), norm.item<float>(), 1e-4);
        Assert.True(weight.grad!.allclose(outer(u[TensorIndex.Colon, 0], v[0]), 1e-3, 1e-3));
    }

    [Fact]
    public void Each_call_goes_on_from_the_one_before_and_from_captured_vectors()
    {
        using var scope = NewDisposeScope();
        manual_seed(13);
        var weight = randn(20, 20);
        Tensor Apply(Tensor x) => nn.functional.linear(x, weight);
        using var norms = new PowerIteration();
        using var resumed = new PowerIteration();
        var last = 0f;
        for (var step = 0; step < 5; step++)
        {
            var norm = norms.Norm("w", Apply, [20], CPU).item<float>();
            Assert.True(norm >= last * (1 - 1e-6f)); // It climbs from below.
            last = norm;
        }

        resumed.Restore(new(norms.Capture(), "vectors"), CPU);
        Assert.Equal(norms.Norm("w", Apply, [20], CPU).item<float>(), resumed.Norm("w", Apply, [20], CPU).item<float>());
    }

    /// <summary>The proven bounds of the layers, folded in the same way, multiplied.</summary>
    private static double[,] Product(nn.Module<Tensor, Tensor> network, FeatureShape input)
    {
        using var inference = no_grad();
        var graph = ModuleReader.Read(network, input);
        var layers = ScaleFolding.Fold(GraphLayers.Of(graph, [.. graph.Parameters.Select(parameter => parameter.Value)]));
        var isGated = layers is [.., LinearLayer, ActivationLayer { IsGate: true }];
        var chain = isGated ? layers[..^1] : layers;
        var head = chain is [.., LinearLayer last]
            ? last.Weight
            : new(eye(LayerChain.Output(chain, input).Channels, dtype: ScalarType.Float64), 0);
        var features = LayerChain.Product(chain is [.., LinearLayer] ? chain[..^1] : chain, input);
        var constants = ScoreConstants.Of(head).Times(features.Value);
        return (isGated ? constants.Gated() : constants).Pairs;
    }
}
