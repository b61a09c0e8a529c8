using MarginNet.Graph;
using MarginNet.Graph.Modules;
using MarginNet.Graph.Operations;
using TorchSharp.Modules;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace MarginNet.Models;

/// <summary>A block of <see cref="FastNet"/>: two 3×3 convolutions with batch-norm and ReLU,
/// the first one halving height and width.</summary>
internal sealed class FastBlock : nn.Module<Tensor, Tensor>, IGraphModule
{
    private const double Momentum = 0.4; // Of the running statistics: a short training must not remember its start.

    private readonly Conv2d conv1;
    private readonly BatchNorm2d bn1;
    private readonly Conv2d conv2;
    private readonly BatchNorm2d bn2;

    public FastBlock(int inChannels, int outChannels)
        : base(nameof(FastBlock))
    {
        conv1 = Convolution(inChannels, outChannels);
        bn1 = nn.BatchNorm2d(outChannels, momentum: Momentum);
        conv2 = Convolution(outChannels, outChannels);
        bn2 = nn.BatchNorm2d(outChannels, momentum: Momentum);
        RegisterComponents();
    }

    public override Tensor forward(Tensor input)
    {
        using var scope = NewDisposeScope();
        var x = F.relu(bn1.call(F.max_pool2d(conv1.forward(input), 2)), inplace: true);
        return F.relu(bn2.call(conv2.forward(x)), inplace: true).MoveToOuterDisposeScope();
    }

    Operand IGraphModule.AddTo(ModuleGraph graph, Operand input)
    {
        var half = new MaxPool(new([2, 2], [2, 2], [0, 0], [0, 0], [1, 1]), IsCeiling: false);
        var x = graph.Apply(graph.Add("pool", half, graph.Apply(input, "conv1")), "bn1");
        return graph.Add("relu2", new Relu(), graph.Apply(graph.Add("relu1", new Relu(), x), "conv2", "bn2"));
    }

    /// <summary>A convolution whose first channels start as copies of its input (Page, 2019):
    /// the signal reaches every layer from the first step.</summary>
    private static Conv2d Convolution(int inChannels, int outChannels)
    {
        var convolution = nn.Conv2d(inChannels, outChannels, 3, padding: 1, bias: false);
        using var scope = NewDisposeScope();
        using var inference = no_grad();
        var copied = Math.Min(inChannels, outChannels);
        var kernels = convolution.weight.narrow(0, 0, copied).zero_();
        kernels[TensorIndex.Colon, TensorIndex.Colon, 1, 1] = eye(copied, inChannels);
        return convolution;
    }
}
