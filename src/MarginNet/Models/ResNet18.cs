using MarginNet.Graph;
using MarginNet.Graph.Modules;
using MarginNet.Graph.Operations;
using MarginNet.Native;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace MarginNet.Models;

/// <summary>
/// ResNet-18 (He et al., 2016), by default with the stem for small images: a 3×3 convolution of stride 1 and no pooling in front
/// of the four stages. Parameters are named as in torchvision (<c>conv1</c>, <c>layer2.0.downsample.0</c>, <c>fc</c>).
/// </summary>
public sealed class ResNet18 : Classifier, IGraphModule
{
    private readonly NormalizeLayer normalize;
    private readonly Conv2d conv1;
    private readonly BatchNorm2d bn1;
    private readonly MaxPool2d? maxpool;
    private readonly Sequential layer1;
    private readonly Sequential layer2;
    private readonly Sequential layer3;
    private readonly Sequential layer4;
    private readonly Linear fc;

    /// <summary>
    /// Makes the network on the CPU with fresh weights from torch's global generator: convolutions Kaiming normal (fan-out),
    /// batch-norm one and zero, the last layer PyTorch's default.
    /// </summary>
    /// <param name="options">What it is made of; null for the defaults.</param>
    /// <exception cref="ArgumentOutOfRangeException">An option is outside its range, such as fewer than two classes.</exception>
    public ResNet18(ResNetOptions? options = null)
        : base(nameof(ResNet18), options ??= new())
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Width, 1, nameof(options));
        var (width, channels, isLarge) = (options.Width, options.Normalization.Mean.Length, options.Stem == ResNetStem.Large);
        normalize = new NormalizeLayer(options.Normalization);
        conv1 = isLarge
            ? nn.Conv2d(channels, width, 7, stride: 2, padding: 3, bias: false)
            : nn.Conv2d(channels, width, 3, padding: 1, bias: false);
        bn1 = nn.BatchNorm2d(width);
        maxpool = isLarge ? nn.MaxPool2d(3, stride: 2, padding: 1) : null;
        layer1 = Stage(width, width, stride: 1);
        layer2 = Stage(width, 2 * width, stride: 2);
        layer3 = Stage(2 * width, 4 * width, stride: 2);
        layer4 = Stage(4 * width, 8 * width, stride: 2);
        fc = nn.Linear(8 * width, options.ClassCount);
        RegisterComponents();
        InitializeConvolutions();
    }

    /// <summary>Channels of the first stage.</summary>
    public int Width => ((ResNetOptions)Options).Width;

    /// <summary>Computes class scores.</summary>
    /// <param name="input">Images, shape [N, channels, height, width], float32 pixels in [0, 1].</param>
    /// <returns>Class scores, shape [N, C]; the caller disposes them.</returns>
    public override Tensor forward(Tensor input)
    {
        using var scope = NewDisposeScope();
        var x = nn.functional.relu(bn1.call(conv1.forward(normalize.forward(input))), inplace: true);
        x = layer4.forward(layer3.forward(layer2.forward(layer1.forward(maxpool?.forward(x) ?? x))));
        using var exact = Autocast.Off(x.device_type);
        return ToScores(fc.forward(x.to(fc.weight!.dtype).mean([2, 3]))).MoveToOuterDisposeScope();
    }

    Operand IGraphModule.AddTo(ModuleGraph graph, Operand input)
    {
        var x = graph.Add("relu", new Relu(), graph.Apply(input, "normalize", "conv1", "bn1"));
        x = graph.Add("mean", new GlobalAveragePool(), graph.Apply(x, "maxpool", "layer1", "layer2", "layer3", "layer4"));
        return AddScores(graph, graph.Apply(graph.Add("flatten", new Graph.Operations.Flatten(1), x), "fc"));
    }

    private static Sequential Stage(int inChannels, int outChannels, int stride) =>
        nn.Sequential(new BasicBlock(inChannels, outChannels, stride), new BasicBlock(outChannels, outChannels, stride: 1));

    private void InitializeConvolutions()
    {
        foreach (var weight in modules()
            .Select(module => (module as Conv2d)?.weight ?? (module as PointwiseConvolution)?.Weight)
            .OfType<Parameter>())
        {
            nn.init.kaiming_normal_(weight, mode: nn.init.FanInOut.FanOut, nonlinearity: nn.init.NonlinearityType.ReLU);
        }
    }
}
