using TorchSharp.Modules;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace MarginNet.Models;

/// <summary>A block of <see cref="FastNet"/>: two 3×3 convolutions with batch-norm and ReLU,
/// the first one halving height and width.</summary>
internal sealed class FastBlock : nn.Module<Tensor, Tensor>
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
        var x = F.relu(bn1.forward(F.max_pool2d(conv1.forward(input), 2)), inplace: true);
        return F.relu(bn2.forward(conv2.forward(x)), inplace: true).MoveToOuterDisposeScope();
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
