using MarginNet.Graph;
using MarginNet.Graph.Modules;
using MarginNet.Native;
using TorchSharp.Modules;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace MarginNet.Models;

/// <summary>
/// A network of matrices at every pixel that training keeps orthonormal, and of steps between them that keep distances or make them
/// smaller: pixels into channels, groups of channels moved by one pixel, and |x| of half of the channels (after LipNeXt). As long as its
/// weights are orthonormal it is 1-Lipschitz in ℓ2, for inputs in [0, 1] pixels and scores before the output scale, and gradients keep their
/// length on the way back; what it is with the weights that it has says <see cref="Lipschitz.LipschitzBounds"/>.
/// </summary>
/// <remarks>It is to be trained with <see cref="Training.TrainingOptions.Parseval"/>, as <see cref="Training.TrainingOptions.CertifiedOrthogonal"/>
/// does. Of the normalisation only the mean is used, since dividing by a deviation would make small changes larger.</remarks>
public sealed class OrthogonalNet : Classifier, IGraphModule
{
    /// <summary>What height and width of its images are multiples of.</summary>
    public const int SizeFactor = 8;

    private const int Halving = 2;

    private readonly NormalizeLayer normalize;
    private readonly Sequential stage1;
    private readonly Sequential stage2;
    private readonly Sequential stage3;
    private readonly OrthogonalLinear fc;

    /// <summary>Makes the network on the CPU with fresh weights from torch's global generator.</summary>
    /// <param name="options">What it is made of; null for the defaults.</param>
    /// <exception cref="ArgumentOutOfRangeException">An option is outside its range.</exception>
    public OrthogonalNet(OrthogonalNetOptions? options = null)
        : base(nameof(OrthogonalNet), options ??= new())
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Width, 1, nameof(options));
        FixedImageSize.ThrowIfImpossible(options.ImageSize, SizeFactor, nameof(options));
        normalize = new NormalizeLayer(options.Normalization.WithoutDeviations());
        var stages = Stages(options).Select(stage => nn.Sequential(stage.Zip(stage[1..], (inputs, outputs) =>
            (nn.Module<Tensor, Tensor>)new OrthogonalBlock(inputs, outputs)))).ToArray();
        (stage1, stage2, stage3) = (stages[0], stages[1], stages[2]);
        fc = new OrthogonalLinear(Features(options), options.ClassCount, isPointwise: false);
        RegisterComponents();
    }

    /// <summary>Channels at half the images' size.</summary>
    public int Width => ((OrthogonalNetOptions)Options).Width;

    /// <inheritdoc/>
    public override bool HasFixedImageSize => true;

    /// <summary>Computes class scores.</summary>
    /// <param name="input">Images, shape [N, channels, height, width] of the size in the options, float32 pixels in [0, 1].</param>
    /// <returns>Class scores, shape [N, C]; the caller disposes them.</returns>
    /// <exception cref="ArgumentException">The images are of another size.</exception>
    public override Tensor forward(Tensor input)
    {
        FixedImageSize.ThrowIfOther(input, ((OrthogonalNetOptions)Options).ImageSize);
        using var scope = NewDisposeScope();
        var x = new[] { stage1, stage2, stage3 }.Aggregate(
            normalize.forward(input), (value, stage) => stage.forward(F.pixel_unshuffle(value, Halving)));
        using var exact = Autocast.Off(x.device_type);
        return ToScores(fc.forward(x.flatten(1).to(fc.get_parameter("bias")!.dtype))).MoveToOuterDisposeScope();
    }

    Operand IGraphModule.AddTo(ModuleGraph graph, Operand input)
    {
        var x = graph.Apply(input, "normalize");
        foreach (var stage in new[] { "stage1", "stage2", "stage3" })
        {
            x = graph.Apply(graph.Add($"{stage}_unshuffle", new Graph.Operations.PixelUnshuffle(Halving, x.Shape[1].Count), x), stage);
        }

        return AddScores(graph, graph.Apply(graph.Add("flatten", new Graph.Operations.Flatten(1), x), "fc"));
    }

    /// <summary>The numbers in all matrices.</summary>
    internal static long Weights(OrthogonalNetOptions options) =>
        Stages(options).Sum(stage => stage.Zip(stage[1..], (inputs, outputs) => inputs * outputs).Sum())
        + (options.ClassCount * Features(options));

    /// <summary>The channels before and behind each block of the stages.</summary>
    private static long[][] Stages(OrthogonalNetOptions options)
    {
        const int Square = Halving * Halving;
        long pixels = Square * options.Normalization.Mean.Length;
        var width = Math.Max(options.Width, pixels);
        var wide = Square * width;
        return [[pixels, width, width], [wide, wide, wide, wide], [Square * wide, wide, wide, wide]];
    }

    /// <summary>The length of the vectors behind the stages.</summary>
    private static long Features(OrthogonalNetOptions options) =>
        Stages(options)[^1][^1] * (options.ImageSize.Height / SizeFactor) * (options.ImageSize.Width / SizeFactor);
}
