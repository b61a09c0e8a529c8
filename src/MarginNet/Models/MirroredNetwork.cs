using MarginNet.Graph;
using MarginNet.Graph.Modules;
using MarginNet.Graph.Operations;
using static TorchSharp.torch;

namespace MarginNet.Models;

/// <summary>
/// A network whose scores are the mean of another's at each image and at its mirror image. Mirroring moves no two images apart or
/// together, so that the mean has the other's Lipschitz constants; where its margins are larger, so are certified radii. It takes twice as
/// long.
/// </summary>
/// <remarks>The same mean as <see cref="TestTimeAveraging.Flip"/>, as a network of its own for what is proven or attacked.</remarks>
public sealed class MirroredNetwork : nn.Module<Tensor, Tensor>, IGraphModule
{
    private readonly nn.Module<Tensor, Tensor> network;

    /// <summary>Makes the mean of a network.</summary>
    /// <param name="network">A network of images [N, channels, H, W], from now on a part of this one and disposed with it.</param>
    public MirroredNetwork(nn.Module<Tensor, Tensor> network)
        : base(nameof(MirroredNetwork))
    {
        this.network = network;
        RegisterComponents();
        train(network.training); // Its mode, not that of a fresh module.
    }

    /// <summary>The network whose scores are averaged.</summary>
    public nn.Module<Tensor, Tensor> Network => network;

    /// <summary>Computes class scores.</summary>
    /// <param name="input">Images, shape [N, channels, H, W], as the network takes them.</param>
    /// <returns>The mean scores, shape [N, C]; the caller disposes them.</returns>
    public override Tensor forward(Tensor input) => TestTimeAveraging.Flip.Average(network.call, input);

    Operand IGraphModule.AddTo(ModuleGraph graph, Operand input)
    {
        var columns = input.Shape[input.Shape.Rank - 1].Count;
        var mirror = graph.Add("mirror", new Slice(input.Shape.Rank - 1, columns - 1, columns, -1), input);
        var sum = graph.Add(
            "sum", new Add(), graph.Apply(input, nameof(network)), graph.ApplyAs("mirrored", mirror, nameof(network)));
        return graph.Add("mean", new Mul(), sum, graph.Weight("half", tensor(0.5, dtype: ScalarType.Float64)));
    }
}
