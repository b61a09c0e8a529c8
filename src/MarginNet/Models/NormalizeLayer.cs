using MarginNet.Data;
using MarginNet.Graph;
using MarginNet.Graph.Modules;
using MarginNet.Graph.Operations;
using MarginNet.Native;
using static TorchSharp.torch;

namespace MarginNet.Models;

/// <summary>
/// Normalises the channels of images. As a layer of the network it keeps attacks, radii and scores in [0, 1] pixels; its
/// constants are no part of the state dict, so that this is the plain PyTorch network's.
/// </summary>
internal sealed class NormalizeLayer : nn.Module<Tensor, Tensor>, IGraphModule
{
    public NormalizeLayer(ChannelStatistics normalization)
        : base(nameof(NormalizeLayer))
    {
        register_buffer("mean", PerChannel(normalization.Mean), persistent: false);
        register_buffer(
            "deviation", PerChannel(normalization.StandardDeviation.Select(deviation => deviation == 0 ? 1 : deviation)),
            persistent: false);
    }

    public override Tensor forward(Tensor input)
    {
        using var scope = NewDisposeScope();
        var normalized = (input - get_buffer("mean")!) / get_buffer("deviation")!;

        // Channels-last strides of the first batch carry through the whole network, and its convolutions run faster on them.
        return MemoryOrder.ChannelsLast(normalized).MoveToOuterDisposeScope();
    }

    Operand IGraphModule.AddTo(ModuleGraph graph, Operand input)
    {
        var centered = graph.Add("center", new Sub(), input, graph.Weight("mean", get_buffer("mean")!));
        return graph.Add("", new Div(), centered, graph.Weight("deviation", get_buffer("deviation")!));
    }

    private static Tensor PerChannel(IEnumerable<double> values)
    {
        using var flat = tensor(values.Select(value => (float)value).ToArray());
        return flat.reshape(1, -1, 1, 1).DetachFromDisposeScope();
    }
}
