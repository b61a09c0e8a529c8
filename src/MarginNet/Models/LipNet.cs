using MarginNet.Graph;
using MarginNet.Graph.Modules;
using MarginNet.Graph.Operations;
using MarginNet.Native;
using TorchSharp.Modules;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace MarginNet.Models;

/// <summary>
/// A network that is 1-Lipschitz in ℓ2 by its construction, for inputs in [0, 1] pixels and scores before the output scale: a margin of μ
/// is a class-pure ball of radius μ/√2 at least. Residual layers (<see cref="SllResidual"/>) at half and at a quarter of the images' size,
/// and an almost orthogonal layer (<see cref="AolLinear"/>); no batch-norm.
/// </summary>
/// <remarks>
/// Between the stages pixels are rearranged into channels, which changes no norm. Of the normalisation only the mean is used, since
/// dividing by a deviation would make small changes larger.
/// </remarks>
public sealed class LipNet : Classifier, IGraphModule
{
    /// <summary>What height and width of its images are multiples of.</summary>
    public const int SizeFactor = 4;

    private const int Halving = 2;

    internal const int HiddenUnits = 256;

    private readonly NormalizeLayer normalize;
    private readonly Sequential stage1;
    private readonly Sequential stage2;
    private readonly SllResidual dense;
    private readonly AolLinear fc;

    /// <summary>Makes the network on the CPU with fresh weights from torch's global generator.</summary>
    /// <param name="options">What it is made of; null for the defaults.</param>
    /// <exception cref="ArgumentOutOfRangeException">An option is outside its range.</exception>
    public LipNet(LipNetOptions? options = null)
        : base(nameof(LipNet), options ??= new())
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Width, 1, nameof(options));
        FixedImageSize.ThrowIfImpossible(options.ImageSize, SizeFactor, nameof(options));
        var (channels, features) = (Channels(options), (int)Features(options));
        normalize = new NormalizeLayer(options.Normalization.WithoutDeviations());
        stage1 = Stage(channels, channels, 1);
        stage2 = Stage(Halving * Halving * channels, Halving * channels, 2);
        dense = SllResidual.Linear(features, HiddenUnits);
        fc = new AolLinear(features, options.ClassCount);
        RegisterComponents();
    }

    /// <summary>Channels of the first stage.</summary>
    public int Width => ((LipNetOptions)Options).Width;

    /// <inheritdoc/>
    public override bool HasFixedImageSize => true;

    /// <summary>Computes class scores.</summary>
    /// <param name="input">Images, shape [N, channels, height, width] of the size in the options, float32 pixels in [0, 1].</param>
    /// <returns>Class scores, shape [N, C]; the caller disposes them.</returns>
    /// <exception cref="ArgumentException">The images are of another size.</exception>
    public override Tensor forward(Tensor input)
    {
        FixedImageSize.ThrowIfOther(input, ((LipNetOptions)Options).ImageSize);
        using var scope = NewDisposeScope();
        var x = F.pixel_unshuffle(normalize.forward(input), Halving);
        x = stage1.forward(F.pad(x, [0, 0, 0, 0, 0, Channels((LipNetOptions)Options) - x.shape[1]]));
        x = stage2.forward(F.pixel_unshuffle(x, Halving));
        x = dense.forward(x.flatten(1));
        using var exact = Autocast.Off(x.device_type);
        return ToScores(fc.forward(x.to(fc.get_parameter("bias")!.dtype))).MoveToOuterDisposeScope();
    }

    Operand IGraphModule.AddTo(ModuleGraph graph, Operand input)
    {
        var x = graph.Apply(input, "normalize");
        x = graph.Add("unshuffle1", new Graph.Operations.PixelUnshuffle(Halving, x.Shape[1].Count), x);
        var missing = Channels((LipNetOptions)Options) - x.Shape[1].Count;
        x = graph.Apply(graph.Add("pad", new Pad([0, 0, 0, 0], [0, missing, 0, 0], "constant", 0), x), "stage1");
        x = graph.Apply(graph.Add("unshuffle2", new Graph.Operations.PixelUnshuffle(Halving, x.Shape[1].Count), x), "stage2");
        return AddScores(graph, graph.Apply(graph.Add("flatten", new Graph.Operations.Flatten(1), x), "dense", "fc"));
    }

    /// <summary>Channels of the first stage: the width, or what the pixels need.</summary>
    internal static int Channels(LipNetOptions options) => Math.Max(options.Width, Halving * Halving * options.Normalization.Mean.Length);

    /// <summary>The length of the vectors behind the stages.</summary>
    internal static long Features(LipNetOptions options) =>
        Halving * Halving * (long)Channels(options) * (options.ImageSize.Height / SizeFactor) * (options.ImageSize.Width / SizeFactor);

    private static Sequential Stage(int channels, int hidden, int layers) =>
        nn.Sequential(Enumerable.Range(0, layers).Select(_ => (nn.Module<Tensor, Tensor>)SllResidual.Convolution(channels, hidden)));
}
