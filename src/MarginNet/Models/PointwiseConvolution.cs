using MarginNet.Graph;
using MarginNet.Graph.Modules;
using MarginNet.Native;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace MarginNet.Models;

/// <summary>A 1×1 convolution without bias that takes every s-th pixel, computed as a <see cref="PointwiseProduct"/>.</summary>
internal sealed class PointwiseConvolution : nn.Module<Tensor, Tensor>, IGraphModule
{
    private readonly Parameter weight;

    /// <summary>Makes the layer with the fresh weights of torch's convolutions, from its global generator.</summary>
    /// <param name="inChannels">Channels of its input.</param>
    /// <param name="outChannels">Channels of its output.</param>
    /// <param name="stride">The step between the pixels taken, in both directions.</param>
    public PointwiseConvolution(int inChannels, int outChannels, int stride)
        : base(nameof(PointwiseConvolution))
    {
        Stride = stride;
        weight = nn.Parameter(empty(outChannels, inChannels, 1, 1));
        nn.init.kaiming_uniform_(weight, a: Math.Sqrt(5));
        RegisterComponents();
    }

    /// <summary>The step between the pixels taken.</summary>
    public int Stride { get; }

    /// <summary>Shape [out, in, 1, 1], as a convolution's.</summary>
    public Parameter Weight => weight;

    public override Tensor forward(Tensor input) => PointwiseProduct.Convolve(input, weight, (Stride, Stride));

    Operand IGraphModule.AddTo(ModuleGraph graph, Operand input) => graph.Add(
        "",
        new Graph.Operations.Convolution(new([1, 1], [Stride, Stride], [0, 0], [0, 0], [1, 1]), Groups: 1),
        input,
        graph.Weight("weight", weight));
}
