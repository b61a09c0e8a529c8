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

    /// <summary>Whether the scores have gradients in the images, as attacks and gradient bounds need;
    /// those of an ONNX model have none.</summary>
    public virtual bool IsDifferentiable => true;

    /// <summary>Whether it is computed by kernels of its own instead of LibTorch's.</summary>
    internal virtual bool RunsOwnKernels => false;

    /// <summary>Computes class scores.</summary>
    /// <param name="input">Images, shape [N, channels, height, width], float32 pixels in [0, 1].</param>
    /// <returns>Class scores, shape [N, C]; the caller disposes them.</returns>
    public abstract override Tensor forward(Tensor input);

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
