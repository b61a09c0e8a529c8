using MarginNet.Data;
using MarginNet.Graph;
using MarginNet.Graph.Modules;
using static TorchSharp.torch;

namespace MarginNet.Models;

/// <summary>A network of any architecture, which another program wrote down as a program: kept, and run, as it is.</summary>
internal abstract class ProgramNetwork : Classifier, IGraphModule
{
    private readonly NormalizeLayer _normalize;

    private protected ProgramNetwork(
        string name, ReadOnlyMemory<byte> program, string? output, int classCount, ChannelStatistics normalization)
        : base(name, new ProgramOptions { ClassCount = classCount, Normalization = normalization })
    {
        (Program, Output) = (program, output);
        _normalize = new NormalizeLayer(normalization);
        register_module("normalize", _normalize);
    }

    /// <summary>The file.</summary>
    public ReadOnlyMemory<byte> Program { get; }

    /// <summary>The output that has the scores; null where it is the only one.</summary>
    public string? Output { get; }

    /// <summary>What was taken for granted of it, a sentence each.</summary>
    public abstract IEnumerable<string> Notes { get; }

    public override Tensor forward(Tensor input)
    {
        using var scope = NewDisposeScope();
        return Run(_normalize.forward(input)).MoveToOuterDisposeScope();
    }

    Operand IGraphModule.AddTo(ModuleGraph graph, Operand input) => throw new NotSupportedException(
        "The model is a TorchScript or ONNX program, whose layers are not known, so it has no proven Lipschitz constant: "
        + "give a ResNet-18 as a state dict, or train with MarginNet.");

    /// <summary>Computes the scores [N, C] of normalised images.</summary>
    private protected abstract Tensor Run(Tensor normalized);

    /// <summary>Finds the number of classes, and makes sure that the images of a batch are scored each on its own row.</summary>
    private protected static int CountClasses(Func<Tensor, Tensor> run, int channels, (int Height, int Width) size)
    {
        const int Images = 2;
        using var scope = NewDisposeScope();
        using var inference = no_grad();
        using var scores = run(zeros(Images, channels, size.Height, size.Width));
        return scores.shape is [Images, >= 2 and <= int.MaxValue and var classes] && scores.is_floating_point()
            ? (int)classes
            : throw new InvalidDataException(
                $"It makes {scores.dtype} [{string.Join(", ", scores.shape)}] of {Images} images {channels}x{size.Height}x{size.Width}: "
                + $"expected scores [{Images}, C] with C >= 2.");
    }
}
