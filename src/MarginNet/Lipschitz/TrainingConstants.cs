using MarginNet.Bounds;
using MarginNet.Graph;
using MarginNet.Graph.Modules;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace MarginNet.Lipschitz;

/// <summary>
/// The constants L_ij of a network as it stands in training, differentiable in its weights (Tsuzuku et al., 2018): the product of its
/// layers' norms, batch-norms folded in with their running statistics, times the distances between the last layer's rows.
/// By power iteration, and so no certificate.
/// </summary>
internal static class TrainingConstants
{
    private const float Floor = 1e-12f; // Of a squared distance, whose root has no gradient at 0.

    /// <summary>Computes L_ij, shape [C, C], ones or so on the diagonal; the caller disposes it.</summary>
    /// <exception cref="NotSupportedException">A layer's constant is not known; the message names the layer.</exception>
    public static Tensor Compute(nn.Module<Tensor, Tensor> network, FeatureShape input, PowerIteration norms, Device device)
    {
        using var scope = NewDisposeScope();
        var layers = ScaleFolding.Fold(Layers(ModuleReader.Read(network, input), device));
        var isGated = layers is [.., LinearLayer, ActivationLayer { IsGate: true }];
        var chain = isGated ? layers[..^1] : layers;
        var features = chain is [.., LinearLayer] ? chain[..^1] : chain;
        var head = chain is [.., LinearLayer last] ? last.Weight.Value : eye(LayerChain.Output(chain, input).Channels, device: device);
        var products = head.mm(head.t());
        var squares = products.diagonal();
        var distances = squares.unsqueeze(0) + squares.unsqueeze(1) - (2 * products);
        if (isGated)
        {
            distances = maximum(distances, maximum(squares.unsqueeze(0), squares.unsqueeze(1)));
        }

        return (distances.clamp_min(Floor).sqrt() * Product(features, input, norms, device)).MoveToOuterDisposeScope();
    }

    /// <summary>A graph's layers with weights as they are in training.</summary>
    /// <exception cref="NotSupportedException">A layer's constant is not known; the message names the layer.</exception>
    public static List<Layer> Layers(NetworkGraph graph, Device device) =>
        GraphLayers.InTraining(graph, [.. graph.Parameters.Select(parameter => parameter.Value)], device);

    private static Tensor Product(IEnumerable<Layer> layers, FeatureShape input, PowerIteration norms, Device device)
    {
        var product = ones([], device: device);
        foreach (var layer in layers)
        {
            product *= Norm(layer, input, norms, device);
            input = layer.Output(input);
        }

        return product;
    }

    /// <summary>The norm of one layer.</summary>
    public static Tensor Norm(Layer layer, FeatureShape input, PowerIteration norms, Device device) => layer switch
    {
        LinearLayer linear => norms.Norm(linear.Name, x => F.linear(x, linear.Weight.Value), [input.Channels], device),
        ConvolutionLayer convolution =>
            norms.Norm(convolution.Name, convolution.Apply, [input.Channels, input.Height, input.Width], device),
        ChannelScaleLayer scale => scale.Factors.abs().max(),
        ResidualLayer residual => Product(residual.Skip, input, norms, device) + Product(residual.Body, input, norms, device),
        TransposedConvolutionLayer transposed =>
            norms.Norm(transposed.Name, transposed.Apply, [input.Channels, input.Height, input.Width], device),
        BranchesLayer branches => branches.Branches.Select(branch => Product(branch, input, norms, device))
            .Aggregate(zeros([], device: device), (sum, norm) => sum + (norm * norm)).sqrt(),
        SllLayer => ones([], device: device),
        _ => tensor((float)layer.Bound(input).Bound.Value, device: device),
    };
}
