using MarginNet.Checkpoints;
using MarginNet.Data;
using MarginNet.Models;
using Microsoft.ML.OnnxRuntime;
using static TorchSharp.torch;

namespace MarginNet.Foreign;

/// <summary>An ONNX model, run by ONNX Runtime where the images are, or on the CPU where it has no CUDA: scores without gradients.</summary>
internal sealed class OnnxRuntimeNetwork : ProgramNetwork
{
    private const int MaxReason = 300;

    private readonly OnnxProgram _onnx;
    private readonly OnnxSignature _signature;

    private OnnxRuntimeNetwork(
        OnnxProgram onnx, OnnxSignature signature, string output, ReadOnlyMemory<byte> program, int classCount,
        ChannelStatistics normalization)
        : base(nameof(OnnxRuntimeNetwork), program, signature.Outputs.Length > 1 ? output : null, classCount, normalization) =>
        (_onnx, _signature) = (onnx, signature);

    public override bool IsDifferentiable => false;

    internal override bool RunsOwnKernels => true;

    /// <inheritdoc/>
    public override IEnumerable<string> Notes => _signature.Notes(Output);

    /// <summary>Loads a model.</summary>
    /// <param name="program">The file, with all its weights.</param>
    /// <param name="options">
    /// How long it may run, and where the file does not say it the size of its images, what comes before it and which output has the
    /// scores.
    /// </param>
    /// <returns>The network, and the size of its images.</returns>
    /// <exception cref="InvalidDataException">It is damaged, or no classifier of such images.</exception>
    public static (OnnxRuntimeNetwork Network, (int Height, int Width) Size) Load(ReadOnlyMemory<byte> program, LoadOptions options)
    {
        OnnxProgram? onnx = null;
        OnnxRuntimeNetwork? network = null;
        try
        {
            var model = OnnxFile.Parse(program);
            if (OnnxFile.TrainingNormalization(model) is { } layer)
            {
                throw ImageFunction.Refusal($"Its batch normalisation '{layer}' is in training mode");
            }

            var signature = OnnxSignature.Of(model);
            var output = signature.Chosen(options).Name;
            var loaded = onnx = new OnnxProgram(program, signature, output, options);
            var size = signature.SizeOr(options.ImageSize);
            var (channels, classes) = Try(loaded, signature, options, size);
            network = new(loaded, signature, output, program, classes, options.NormalizationFor(channels));
            ImageFunction.ThrowIfNot(network, channels, size);
            return (network, size);
        }
        catch (Exception e)
        {
            ((IDisposable?)network ?? onnx)?.Dispose();
            throw e switch
            {
                OnnxRuntimeException => new InvalidDataException($"ONNX Runtime says: {FileText.Show(e.Message, MaxReason)}", e),
                TypeInitializationException { InnerException: DllNotFoundException } => new NotSupportedException("ONNX models need the " +
                    "native half of ONNX Runtime: add the package Microsoft.ML.OnnxRuntime to the program.", e),
                _ => e,
            };
        }
    }

    public override Tensor forward(Tensor input) => input.requires_grad && is_grad_enabled()
        ? throw new NotSupportedException("An ONNX model that ONNX Runtime runs gives scores without gradients: "
            + "for attacks and gradient bounds use the same network as a state dict or TorchScript.")
        : base.forward(input);

    private protected override Tensor Run(Tensor normalized)
    {
        using var inference = no_grad();
        return _onnx.Run(normalized).to(normalized.device);
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _onnx.Dispose();
        }

        base.Dispose(disposing);
    }

    /// <summary>Counts the classes with the channels that it says, that are given, or that it takes.</summary>
    private static (int Channels, int Classes) Try(
        OnnxProgram onnx, OnnxSignature signature, LoadOptions options, (int Height, int Width) size)
    {
        OnnxRuntimeException? first = null;
        foreach (var channels in signature.PossibleChannels(options))
        {
            try
            {
                return (channels, CountClasses(onnx.Run, channels, size));
            }
            catch (OnnxRuntimeException e)
            {
                first ??= e;
            }
        }

        throw first!;
    }
}
