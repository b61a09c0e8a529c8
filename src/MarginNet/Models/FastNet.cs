using MarginNet.Data;
using MarginNet.Graph;
using MarginNet.Graph.Modules;
using MarginNet.Graph.Operations;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace MarginNet.Models;

/// <summary>
/// A small network of VGG's shape that trains in minutes on a CPU: a whitening layer, three blocks of two convolutions, the
/// maximum over each channel, and a linear layer. After Page's DAVIDNET (2019) and Jordan's airbench (2024).
/// </summary>
/// <remarks>Call <see cref="Whiten"/> before training. Images are at least 9×9 pixels.</remarks>
public sealed class FastNet : Classifier, IGraphModule
{
    /// <summary>The least height and width of its images, in pixels: each block halves them.</summary>
    public const int MinImageSize = 9;

    /// <summary>Maxima over a map are large, and scores of a fresh network are to be of order 1.</summary>
    private const double FeatureScale = 0.125;

    private readonly NormalizeLayer normalize;
    private readonly WhiteningLayer whiten;
    private readonly FastBlock block1;
    private readonly FastBlock block2;
    private readonly FastBlock block3;
    private readonly Linear fc;

    /// <summary>Makes the network on the CPU with fresh weights from torch's global generator.</summary>
    /// <param name="options">What it is made of; null for the defaults.</param>
    /// <exception cref="ArgumentOutOfRangeException">An option is outside its range.</exception>
    public FastNet(FastNetOptions? options = null)
        : base(nameof(FastNet), options ??= new())
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Width, 1, nameof(options));
        var (channels, width) = (options.Normalization.Mean.Length, options.Width);
        normalize = new NormalizeLayer(options.Normalization);
        whiten = new WhiteningLayer(channels);
        block1 = new FastBlock(WhiteningLayer.OutChannels(channels), width);
        block2 = new FastBlock(width, 2 * width);
        block3 = new FastBlock(2 * width, 2 * width);
        fc = nn.Linear(2 * width, options.ClassCount, hasBias: false);
        RegisterComponents();
    }

    /// <summary>Channels of the first block.</summary>
    public int Width => ((FastNetOptions)Options).Width;

    /// <summary>Fits the first layer, which training leaves as it is, to the patches of images (5,000 of them, evenly spread).</summary>
    /// <param name="images">At least one image, the training set by custom.</param>
    /// <exception cref="ArgumentException">There is no image, or its channels are not the network's.</exception>
    public void Whiten(ImageSet images)
    {
        ArgumentOutOfRangeException.ThrowIfZero(images.Count, nameof(images));
        if (images.Channels != Options.Normalization.Mean.Length)
        {
            throw new ArgumentException(
                $"Expected images of {Options.Normalization.Mean.Length} channels, but got {images.Channels}.", nameof(images));
        }

        whiten.Fit(images, normalize);
    }

    /// <summary>Computes class scores.</summary>
    /// <param name="input">Images, shape [N, channels, height, width] of at least 9×9 pixels, float32 in [0, 1].</param>
    /// <returns>Class scores, shape [N, C]; the caller disposes them.</returns>
    /// <exception cref="ArgumentException">The images are too small.</exception>
    public override Tensor forward(Tensor input)
    {
        if (input.shape[^1] < MinImageSize || input.shape[^2] < MinImageSize)
        {
            throw new ArgumentException(
                $"Expected images of at least {MinImageSize}×{MinImageSize} pixels, but got {input.shape[^2]}×{input.shape[^1]}.",
                nameof(input));
        }

        using var scope = NewDisposeScope();
        var x = nn.functional.relu(whiten.forward(normalize.forward(input)), inplace: true);
        x = block3.forward(block2.forward(block1.forward(x)));
        return ToScores(fc.forward(x.amax([2, 3])) * FeatureScale).MoveToOuterDisposeScope();
    }

    Operand IGraphModule.AddTo(ModuleGraph graph, Operand input)
    {
        var x = graph.Add("relu", new Relu(), graph.Apply(input, "normalize", "whiten"));
        x = graph.Add("maximum", new GlobalMaxPool(), graph.Apply(x, "block1", "block2", "block3"));
        return AddScores(graph, graph.Apply(graph.Add("flatten", new Graph.Operations.Flatten(1), x), "fc"), FeatureScale);
    }
}
