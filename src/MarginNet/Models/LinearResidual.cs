using MarginNet.Graph;
using MarginNet.Graph.Modules;
using MarginNet.Graph.Operations;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace MarginNet.Models;

/// <summary>
/// The linear residual block (Hu, Zou, Wang, Leino and Fredrikson, 2023), x + Conv(x) with nothing between, then |x| of half of the
/// channels.
/// As it is linear it is one convolution, whose norm is the block's; what makes it residual is that it starts near the identity.
/// </summary>
internal sealed class LinearResidual : nn.Module<Tensor, Tensor>, IGraphModule
{
    private const int Side = BlockedConvolution.Side;

    private const float Start = 0.05f; // Times the weights of Glorot and Bengio.

    private readonly BlockedConvolution _operation = new();
    private readonly PartialAbs _bend;
    private readonly Parameter weight;
    private readonly Parameter bias;

    /// <summary>Makes the block with fresh weights from torch's global generator.</summary>
    /// <param name="inputs">Channels of its input, which are the last ones of its output at first.</param>
    /// <param name="outputs">Channels of its output, as many at least, and at least 2.</param>
    public LinearResidual(long inputs, long outputs)
        : base(nameof(LinearResidual))
    {
        _bend = new(outputs / 2);
        weight = nn.Parameter(empty(outputs, inputs, Side, Side));
        bias = nn.Parameter(zeros(outputs));
        using (no_grad())
        {
            nn.init.xavier_normal_(weight, Start);
            using var centre = weight[TensorIndex.Slice(outputs - inputs), TensorIndex.Colon, Side / 2, Side / 2];
            using var identity = eye(inputs);
            centre.add_(identity);
        }

        RegisterComponents();
    }

    public override Tensor forward(Tensor input)
    {
        using var scope = NewDisposeScope();
        return _bend.Run([_operation.Run([input, weight, bias], training)], training).MoveToOuterDisposeScope();
    }

    Operand IGraphModule.AddTo(ModuleGraph graph, Operand input) => graph.Add(
        "abs", _bend, graph.Add("conv", _operation, input, graph.Weight("weight", weight), graph.Weight("bias", bias)));
}
