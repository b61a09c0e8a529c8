using TorchSharp.Modules;
using static TorchSharp.torch;

namespace MarginNet.EndToEnd;

/// <summary>The layers of <see cref="Models.ResNet18"/>, put together as a TorchSharp user would: no care for memory formats.</summary>
/// <remarks>Levers vary it: activations out of place, and convolutions with a bias that have taken in their batch-norm.</remarks>
internal sealed class PlainResNet18 : nn.Module<Tensor, Tensor>
{
    private readonly bool _inPlace;
    private readonly Conv2d conv1;
    private readonly nn.Module<Tensor, Tensor> bn1;
    private readonly Sequential layer1;
    private readonly Sequential layer2;
    private readonly Sequential layer3;
    private readonly Sequential layer4;
    private readonly Linear fc;

    public PlainResNet18(int width, int classes, bool inPlace = true, bool batchNorm = true)
        : base(nameof(PlainResNet18))
    {
        _inPlace = inPlace;
        conv1 = nn.Conv2d(3, width, 3, padding: 1, bias: !batchNorm);
        bn1 = batchNorm ? nn.BatchNorm2d(width) : nn.Identity();
        layer1 = Stage(width, width, 1);
        layer2 = Stage(width, 2 * width, 2);
        layer3 = Stage(2 * width, 4 * width, 2);
        layer4 = Stage(4 * width, 8 * width, 2);
        fc = nn.Linear(8 * width, classes);
        RegisterComponents();

        Sequential Stage(int inputs, int outputs, int stride) =>
            nn.Sequential(
                new PlainBlock(inputs, outputs, stride, inPlace, batchNorm), new PlainBlock(outputs, outputs, 1, inPlace, batchNorm));
    }

    public override Tensor forward(Tensor input)
    {
        using var scope = NewDisposeScope();
        var x = nn.functional.relu(bn1.forward(conv1.forward(input)), inplace: _inPlace);
        x = layer4.forward(layer3.forward(layer2.forward(layer1.forward(x))));
        return fc.forward(x.mean([2, 3])).MoveToOuterDisposeScope();
    }
}

internal sealed class PlainBlock : nn.Module<Tensor, Tensor>
{
    private readonly bool _inPlace;
    private readonly Conv2d conv1;
    private readonly nn.Module<Tensor, Tensor> bn1;
    private readonly Conv2d conv2;
    private readonly nn.Module<Tensor, Tensor> bn2;
    private readonly Sequential? downsample;

    public PlainBlock(int inputs, int outputs, int stride, bool inPlace, bool batchNorm)
        : base(nameof(PlainBlock))
    {
        _inPlace = inPlace;
        conv1 = nn.Conv2d(inputs, outputs, 3, stride: stride, padding: 1, bias: !batchNorm);
        bn1 = Normalization();
        conv2 = nn.Conv2d(outputs, outputs, 3, padding: 1, bias: !batchNorm);
        bn2 = Normalization();
        if (stride != 1 || inputs != outputs)
        {
            downsample = nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride: stride, bias: !batchNorm), Normalization());
        }

        RegisterComponents();

        nn.Module<Tensor, Tensor> Normalization() => batchNorm ? nn.BatchNorm2d(outputs) : nn.Identity();
    }

    public override Tensor forward(Tensor input)
    {
        using var scope = NewDisposeScope();
        var x = nn.functional.relu(bn1.forward(conv1.forward(input)), inplace: _inPlace);
        x = bn2.forward(conv2.forward(x)).add_(downsample?.forward(input) ?? input);
        return nn.functional.relu(x, inplace: _inPlace).MoveToOuterDisposeScope();
    }
}
