using MarginNet.Graph;
using MarginNet.Graph.Modules;
using MarginNet.Graph.Operations;
using static TorchSharp.torch;

namespace MarginNet.Models;

/// <summary>A residual layer that is 1-Lipschitz in ℓ2 whatever its weights; see <see cref="SllOperation"/>.</summary>
/// <remarks>The input itself passes, so that a deep stack does not collapse to a constant, as plain 1-Lipschitz layers may.</remarks>
internal sealed class SllResidual : nn.Module<Tensor, Tensor>, IGraphModule
{
    private readonly SllOperation _operation;

    private SllResidual(string name, SllOperation operation, params long[] shape)
        : base(name)
    {
        _operation = operation;
        register_parameter("weight", nn.Parameter(empty(shape)));
        register_parameter("bias", nn.Parameter(zeros(shape[0])));
        nn.init.xavier_normal_(Weight);
    }

    private Tensor Weight => get_parameter("weight")!;

    private Tensor Bias => get_parameter("bias")!;

    /// <summary>Makes the layer of 3×3 convolutions with fresh weights from torch's global generator.</summary>
    /// <param name="channels">Channels of its input and output.</param>
    /// <param name="hidden">Channels inside.</param>
    public static SllResidual Convolution(int channels, int hidden) =>
        new("SllConvolution", new SllConvolution(), hidden, channels, SllConvolution.Side, SllConvolution.Side);

    /// <summary>Makes the layer of vectors with fresh weights from torch's global generator.</summary>
    /// <param name="features">Length of its input and output.</param>
    /// <param name="hidden">Units inside.</param>
    public static SllResidual Linear(int features, int hidden) => new("SllLinear", new SllGemm(), hidden, features);

    public override Tensor forward(Tensor input)
    {
        using var scope = NewDisposeScope();
        return _operation.Run([input, Weight, Bias], training).MoveToOuterDisposeScope();
    }

    Operand IGraphModule.AddTo(ModuleGraph graph, Operand input) =>
        graph.Add("", _operation, input, graph.Weight("weight", Weight), graph.Weight("bias", Bias));
}
