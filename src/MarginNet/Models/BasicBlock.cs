using MarginNet.Graph;
using MarginNet.Graph.Modules;
using MarginNet.Graph.Operations;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace MarginNet.Models;

/// <summary>The residual block of ResNet-18: relu(g(x) + skip(x)), with two 3×3 convolutions in g.</summary>
internal sealed class BasicBlock : nn.Module<Tensor, Tensor>, IGraphModule
{
    private readonly Conv2d conv1;
    private readonly BatchNorm2d bn1;
    private readonly Conv2d conv2;
    private readonly BatchNorm2d bn2;
    private readonly Sequential? downsample;

    public BasicBlock(int inChannels, int outChannels, int stride)
        : base(nameof(BasicBlock))
    {
        conv1 = nn.Conv2d(inChannels, outChannels, 3, stride: stride, padding: 1, bias: false);
        bn1 = nn.BatchNorm2d(outChannels);
        conv2 = nn.Conv2d(outChannels, outChannels, 3, padding: 1, bias: false);
        bn2 = nn.BatchNorm2d(outChannels);
        if (stride != 1 || inChannels != outChannels)
        {
            downsample = nn.Sequential(new PointwiseConvolution(inChannels, outChannels, stride), nn.BatchNorm2d(outChannels));
        }

        RegisterComponents();
    }

    public override Tensor forward(Tensor input)
    {
        using var scope = NewDisposeScope();
        var x = nn.functional.relu(bn1.call(conv1.forward(input)), inplace: true);
        x = bn2.call(conv2.forward(x)).add_(downsample?.forward(input) ?? input);
        return nn.functional.relu(x, inplace: true).MoveToOuterDisposeScope();
    }

    Operand IGraphModule.AddTo(ModuleGraph graph, Operand input)
    {
        var x = graph.Add("relu1", new Relu(), graph.Apply(input, "conv1", "bn1"));
        return graph.Add("relu", new Relu(), graph.Add("", new Add(), graph.Apply(x, "conv2", "bn2"), graph.Apply(input, "downsample")));
    }
}
