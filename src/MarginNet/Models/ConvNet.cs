using MarginNet.Graph;
using MarginNet.Graph.Modules;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace MarginNet.Models;

/// <summary>
/// A small convolutional network for training by bounds (<see cref="Training.TrainingOptions.Robust"/>): four convolutions, of which two
/// halve height and width by their stride, and two dense layers, each but the last with batch-norm and ReLU. It has few gates and no pools,
/// whose bounds would be loose.
/// </summary>
public sealed class ConvNet : Classifier, IGraphModule
{
    /// <summary>What height and width of its images are multiples of.</summary>
    public const int SizeFactor = 4;

    internal const int HiddenUnits = 256;

    private readonly NormalizeLayer normalize;
    private readonly Sequential features;
    private readonly Sequential head;

    /// <summary>Makes the network on the CPU with fresh weights from torch's global generator.</summary>
    /// <param name="options">What it is made of; null for the defaults.</param>
    /// <exception cref="ArgumentOutOfRangeException">An option is outside its range.</exception>
    public ConvNet(ConvNetOptions? options = null)
        : base(nameof(ConvNet), options ??= new())
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Width, 1, nameof(options));
        FixedImageSize.ThrowIfImpossible(options.ImageSize, SizeFactor, nameof(options));
        var (channels, width) = (options.Normalization.Mean.Length, options.Width);
        normalize = new NormalizeLayer(options.Normalization);
        features = nn.Sequential(
        [
            .. Halving(channels, width), .. Same(width), .. Halving(width, 2 * width), .. Same(2 * width),
        ]);
        head = nn.Sequential(
            nn.Flatten(), nn.Linear((int)Features(options), HiddenUnits, hasBias: false), nn.BatchNorm1d(HiddenUnits), nn.ReLU(),
            nn.Linear(HiddenUnits, options.ClassCount));
        RegisterComponents();
    }

    /// <summary>Channels of the first two convolutions.</summary>
    public int Width => ((ConvNetOptions)Options).Width;

    /// <inheritdoc/>
    public override bool HasFixedImageSize => true;

    /// <summary>Computes class scores.</summary>
    /// <param name="input">Images, shape [N, channels, height, width] of the size in the options, float32 pixels in [0, 1].</param>
    /// <returns>Class scores, shape [N, C]; the caller disposes them.</returns>
    /// <exception cref="ArgumentException">The images are of another size.</exception>
    public override Tensor forward(Tensor input)
    {
        FixedImageSize.ThrowIfOther(input, ((ConvNetOptions)Options).ImageSize);
        using var scope = NewDisposeScope();
        return ToScores(head.forward(features.forward(normalize.forward(input)))).MoveToOuterDisposeScope();
    }

    Operand IGraphModule.AddTo(ModuleGraph graph, Operand input) =>
        AddScores(graph, graph.Apply(input, "normalize", "features", "head"));

    /// <summary>The length of the vectors behind the convolutions.</summary>
    internal static long Features(ConvNetOptions options) =>
        2L * options.Width * (options.ImageSize.Height / SizeFactor) * (options.ImageSize.Width / SizeFactor);

    private static nn.Module<Tensor, Tensor>[] Halving(int channels, int width) =>
        [nn.Conv2d(channels, width, 4, stride: 2, padding: 1, bias: false), nn.BatchNorm2d(width), nn.ReLU()];

    private static nn.Module<Tensor, Tensor>[] Same(int width) =>
        [nn.Conv2d(width, width, 3, padding: 1, bias: false), nn.BatchNorm2d(width), nn.ReLU()];
}
