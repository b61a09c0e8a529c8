using MarginNet.Checkpoints;
using MarginNet.Data;
using MarginNet.Models;
using Microsoft.ML.OnnxRuntime;
using static TorchSharp.torch;

namespace MarginNet.Foreign;

/// <summary>An ONNX model, run by ONNX Runtime on the CPU: scores without gradients.</summary>
internal sealed class OnnxRuntimeNetwork : ProgramNetwork
{
    private const int MaxReason = 300;

    private static readonly int[] UsualChannels = [3, 1, 4, 2];

    private readonly OnnxProgram _onnx;

    private OnnxRuntimeNetwork(OnnxProgram onnx, ReadOnlyMemory<byte> program, int classCount, ChannelStatistics normalization)
        : base(nameof(OnnxRuntimeNetwork), program, onnx.Outputs.Length > 1 ? onnx.Chosen.Name : null, classCount, normalization) =>
        _onnx = onnx;

    public override bool IsDifferentiable => false;

    private protected override bool CanCast => false;

    /// <inheritdoc/>
    public override IEnumerable<string> Notes
    {
        get
        {
            if (_onnx.IsChannelsLast)
            {
                yield return "its input is [N, H, W, C], with the channels last: images are given so.";
            }

            if (_onnx.Outputs.Length > 1)
            {
                yield return ProgramOutputs.Note(_onnx.Outputs, _onnx.Chosen.Name);
            }
        }
    }

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
            if (OnnxParts.TrainingNormalization(program) is { } layer)
            {
                throw ImageFunction.Refusal($"Its batch normalisation '{layer}' is in training mode");
            }

            var loaded = onnx = new OnnxProgram(program, options);
            var size = loaded.SizeOr(options.ImageSize);
            var (channels, classes) = Try(loaded, options, size);
            network = new(loaded, program, classes, options.NormalizationFor(channels));
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
        ? throw new NotSupportedException("An ONNX model gives scores without gradients: "
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
    private static (int Channels, int Classes) Try(OnnxProgram onnx, LoadOptions options, (int Height, int Width) size)
    {
        int[] candidates = onnx.Channels is { } stated ? [stated]
            : options.Normalization is { } given ? [given.Mean.Length]
            : UsualChannels;
        OnnxRuntimeException? first = null;
        foreach (var channels in candidates)
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
