using MarginNet.Graph;
using MarginNet.Graph.Modules;
using MarginNet.Graph.Operations;
using MarginNet.Native;
using static TorchSharp.torch;

namespace MarginNet.Models;

/// <summary>A network that a model file can hold, one of this library or a program of another: from images in [0,
/// 1] to class scores.</summary>
public abstract class Classifier : nn.Module<Tensor, Tensor>
{
    private protected Classifier(string name, ClassifierOptions options)
        : base(Loaded(name))
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(options.ClassCount, 2, nameof(options));
        if (!(options.OutputScale > 0) || double.IsInfinity(options.OutputScale))
        {
            throw new ArgumentOutOfRangeException(nameof(options), options.OutputScale, "The output scale must be above 0 and finite.");
        }

        Options = options;
    }

    /// <summary>What the network is made of.</summary>
    public ClassifierOptions Options { get; }

    /// <summary>
    /// In what scores are computed, by <see cref="Scoring"/> and by attacks. Default <see cref="MarginNet.Precision.Float32"/>;
    /// <see cref="MarginNet.Precision.Auto"/> becomes the fastest where the network is at that moment. Training has its own,
    /// <see cref="Training.TrainingOptions.Precision"/>, and certificates are for float32 alone.
    /// </summary>
    /// <exception cref="NotSupportedException">An ONNX model, whose numbers are its own; or LibTorch does not export autocast.</exception>
    public Precision Precision
    {
        get;
        set
        {
            var resolved = !RunsOwnKernels ? value.Resolve(this.Device())
                : value == Precision.Auto ? Precision.Float32 : value;
            if (RunsOwnKernels && resolved != Precision.Float32)
            {
                throw new NotSupportedException($"An ONNX model is computed in the numbers it was written with, and not in {value}: "
                    + "leave the precision at float32.");
            }

            field = resolved;
        }
    }

    /// <summary>Over which views of an image <see cref="Scoring"/> averages its scores. Default <see cref="TestTimeAveraging.None"/>.
    /// Training, attacks and certificates are of the network itself.</summary>
    public TestTimeAveraging Averaging { get; set; }

    /// <summary>Whether the scores have gradients in the images, as attacks and gradient bounds need;
    /// those of an ONNX model have none.</summary>
    public virtual bool IsDifferentiable => true;

    /// <summary>Whether it takes images of one size only. Default false.</summary>
    public virtual bool HasFixedImageSize => false;

    /// <summary>Whether it is computed by kernels of its own instead of LibTorch's.</summary>
    internal virtual bool RunsOwnKernels => false;

    /// <summary>Computes class scores.</summary>
    /// <param name="input">Images, shape [N, channels, height, width], float32 pixels in [0, 1].</param>
    /// <returns>Class scores, shape [N, C]; the caller disposes them.</returns>
    public abstract override Tensor forward(Tensor input);

    /// <summary>Moves parameters and buffers, and brings kernels to the order in which the device is fastest.</summary>
    /// <param name="dtype">Type of the numbers to become; null for the same.</param>
    /// <param name="device">Where to; null for the same.</param>
    /// <param name="non_blocking">Whether it may still be under way on return.</param>
    protected override void _toEpilog(ScalarType? dtype, Device? device, bool non_blocking)
    {
        base._toEpilog(dtype, device, non_blocking);
        if (device is not null)
        {
            KernelOrder.Apply(this, KernelOrder.IsChannelsLast(device));
        }
    }

    /// <summary>Makes scores of what the last layer gives.</summary>
    private protected Tensor ToScores(Tensor output)
    {
        var scaled = Options.OutputScale == 1 ? output : output * Options.OutputScale;
        return Options.Rectify ? scaled.relu() : scaled;
    }

    /// <summary>The same as a graph, of what a constant of the network's own multiplies before.</summary>
    private protected Operand AddScores(ModuleGraph graph, Operand output, double factor = 1)
    {
        var scale = factor * Options.OutputScale;
        var scaled = scale == 1 ? output
            : graph.Add("scale", new Mul(), output, graph.Weight("scale.factor", tensor(scale, dtype: ScalarType.Float64)));
        return Options.Rectify ? graph.Add("rectify", new Relu(), scaled) : scaled;
    }

    /// <summary>Makes sure of LibTorch before TorchSharp looks for it, which tells at length what it tried.</summary>
    private static string Loaded(string name)
    {
        TorchLibrary.Require();
        return name;
    }
}
