using MarginNet.Graph;
using MarginNet.Graph.Modules;
using MarginNet.Graph.Operations;
using MarginNet.Native;
using TorchSharp.Modules;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace MarginNet.Models;

/// <summary>
/// A network of linear residual blocks (<see cref="LinearResidual"/>; after LiResNet of Hu, Zou, Wang, Leino and Fredrikson, 2023): one at
/// half and three at a quarter of the images' size, and a dense layer, each followed by |x| of half of what it gives, and no
/// batch-norm. All of it but |x| is linear, so that the product of its layers' norms is close to its Lipschitz constant, and training
/// that sees this product (<see cref="Training.TrainingOptions.LipschitzMargin"/>) gives radii that are not vacuous.
/// </summary>
/// <remarks>Nothing bounds its norms by itself: it is to be trained as
/// <see cref="Training.TrainingOptions.CertifiedResidual"/> does. Of the normalisation only the mean is used.</remarks>
public sealed class LiResNet : Classifier, IGraphModule
{
    /// <summary>What height and width of its images are multiples of.</summary>
    public const int SizeFactor = 4;

    private const int Halving = 2;

    private const int Blocks = 3; // At a quarter of the size.

    private const int HiddenUnits = 256;

    private readonly PartialAbs _bend = new(HiddenUnits / 2);
    private readonly NormalizeLayer normalize;
    private readonly LinearResidual stage1;
    private readonly Sequential stage2;
    private readonly OrthogonalLinear dense;
    private readonly OrthogonalLinear fc;

    /// <summary>Makes the network on the CPU with fresh weights from torch's global generator.</summary>
    /// <param name="options">What it is made of; null for the defaults.</param>
    /// <exception cref="ArgumentOutOfRangeException">An option is outside its range.</exception>
    public LiResNet(LiResNetOptions? options = null)
        : base(nameof(LiResNet), options ??= new())
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Width, 1, nameof(options));
        FixedImageSize.ThrowIfImpossible(options.ImageSize, SizeFactor, nameof(options));
        normalize = new NormalizeLayer(options.Normalization.WithoutDeviations());
        stage1 = new LinearResidual(Pixels(options), Channels(options));
        var wide = Halving * Halving * Channels(options);
        stage2 = nn.Sequential(Enumerable.Range(0, Blocks).Select(_ => (nn.Module<Tensor, Tensor>)new LinearResidual(wide, wide)));
        dense = new OrthogonalLinear(Features(options), HiddenUnits, isPointwise: false);
        fc = new OrthogonalLinear(HiddenUnits, options.ClassCount, isPointwise: false);
        RegisterComponents();
    }

    /// <summary>Channels at half the images' size.</summary>
    public int Width => ((LiResNetOptions)Options).Width;

    /// <inheritdoc/>
    public override bool HasFixedImageSize => true;

    /// <summary>Computes class scores.</summary>
    /// <param name="input">Images, shape [N, channels, height, width] of the size in the options, float32 pixels in [0, 1].</param>
    /// <returns>Class scores, shape [N, C]; the caller disposes them.</returns>
    /// <exception cref="ArgumentException">The images are of another size.</exception>
    public override Tensor forward(Tensor input)
    {
        FixedImageSize.ThrowIfOther(input, ((LiResNetOptions)Options).ImageSize);
        using var scope = NewDisposeScope();
        var x = stage1.forward(F.pixel_unshuffle(normalize.forward(input), Halving));
        x = stage2.forward(F.pixel_unshuffle(x, Halving));
        x = _bend.Run([dense.forward(x.flatten(1))], training);
        using var exact = Autocast.Off(x.device_type);
        return ToScores(fc.forward(x.to(fc.get_parameter("bias")!.dtype))).MoveToOuterDisposeScope();
    }

    Operand IGraphModule.AddTo(ModuleGraph graph, Operand input)
    {
        var x = graph.Apply(input, "normalize");
        foreach (var stage in new[] { "stage1", "stage2" })
        {
            x = graph.Apply(graph.Add($"{stage}_unshuffle", new Graph.Operations.PixelUnshuffle(Halving, x.Shape[1].Count), x), stage);
        }

        x = graph.Add("abs", _bend, graph.Apply(graph.Add("flatten", new Graph.Operations.Flatten(1), x), "dense"));
        return AddScores(graph, graph.Apply(x, "fc"));
    }

    /// <summary>The numbers in all kernels and matrices.</summary>
    internal static long Weights(LiResNetOptions options)
    {
        long wide = Halving * Halving * Channels(options);
        return (9 * ((Pixels(options) * (long)Channels(options)) + (Blocks * wide * wide)))
            + (HiddenUnits * (Features(options) + options.ClassCount));
    }

    private static int Pixels(LiResNetOptions options) => Halving * Halving * options.Normalization.Mean.Length;

    private static int Channels(LiResNetOptions options) => Math.Max(options.Width, Pixels(options));

    private static long Features(LiResNetOptions options) =>
        Halving * Halving * (long)Channels(options) * (options.ImageSize.Height / SizeFactor) * (options.ImageSize.Width / SizeFactor);
}
