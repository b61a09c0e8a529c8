using TorchSharp.Modules;
using static TorchSharp.torch;

namespace MarginNet.EndToEnd;

/// <summary>The layers of <see cref="Models.ResNet18"/>, put together as a TorchSharp user would: no care for memory formats.</summary>
internal sealed class PlainResNet18 : nn.Module<Tensor, Tensor>
{
    private readonly Conv2d conv1;
    private readonly BatchNorm2d bn1;
    private readonly Sequential layer1;
    private readonly Sequential layer2;
    private readonly Sequential layer3;
    private readonly Sequential layer4;
    private readonly Linear fc;

    public PlainResNet18(int width, int classes)
        : base(nameof(PlainResNet18))
    {
        conv1 = nn.Conv2d(3, width, 3, padding: 1, bias: false);
        bn1 = nn.BatchNorm2d(width);
        layer1 = nn.Sequential(new PlainBlock(width, width, 1), new PlainBlock(width, width, 1));
        layer2 = nn.Sequential(new PlainBlock(width, 2 * width, 2), new PlainBlock(2 * width, 2 * width, 1));
        layer3 = nn.Sequential(new PlainBlock(2 * width, 4 * width, 2), new PlainBlock(4 * width, 4 * width, 1));
        layer4 = nn.Sequential(new PlainBlock(4 * width, 8 * width, 2), new PlainBlock(8 * width, 8 * width, 1));
        fc = nn.Linear(8 * width, classes);
        RegisterComponents();
    }

    public override Tensor forward(Tensor input)
    {
        using var scope = NewDisposeScope();
        var x = nn.functional.relu(bn1.forward(conv1.forward(input)), inplace: true);
        x = layer4.forward(layer3.forward(layer2.forward(layer1.forward(x))));
        return fc.forward(x.mean([2, 3])).MoveToOuterDisposeScope();
    }
}

internal sealed class PlainBlock : nn.Module<Tensor, Tensor>
{
    private readonly Conv2d conv1;
    private readonly BatchNorm2d bn1;
    private readonly Conv2d conv2;
    private readonly BatchNorm2d bn2;
    private readonly Sequential? downsample;

    public PlainBlock(int inputs, int outputs, int stride)
        : base(nameof(PlainBlock))
    {
        conv1 = nn.Conv2d(inputs, outputs, 3, stride: stride, padding: 1, bias: false);
        bn1 = nn.BatchNorm2d(outputs);
        conv2 = nn.Conv2d(outputs, outputs, 3, padding: 1, bias: false);
        bn2 = nn.BatchNorm2d(outputs);
        if (stride != 1 || inputs != outputs)
        {
            downsample = nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride: stride, bias: false), nn.BatchNorm2d(outputs));
        }

        RegisterComponents();
    }

    public override Tensor forward(Tensor input)
    {
        using var scope = NewDisposeScope();
        var x = nn.functional.relu(bn1.forward(conv1.forward(input)), inplace: true);
        x = bn2.forward(conv2.forward(x)).add_(downsample?.forward(input) ?? input);
        return nn.functional.relu(x, inplace: true).MoveToOuterDisposeScope();
    }
}
