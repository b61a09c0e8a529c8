using MarginNet.Checkpoints;
using MarginNet.Data;
using Microsoft.ML.OnnxRuntime;
using static TorchSharp.torch;

namespace MarginNet.Foreign;

/// <summary>An ONNX model, run by ONNX Runtime on the CPU: scores without gradients.</summary>
internal sealed class OnnxRuntimeNetwork : ProgramNetwork
{
    private const int MaxReason = 300;

    private readonly OnnxProgram _onnx;

    private OnnxRuntimeNetwork(OnnxProgram onnx, ReadOnlyMemory<byte> program, int classCount, ChannelStatistics normalization)
        : base(nameof(OnnxRuntimeNetwork), program, classCount, normalization) => _onnx = onnx;

    public override bool IsDifferentiable => false;

    /// <summary>Loads a model.</summary>
    /// <param name="program">The file.</param>
    /// <param name="normalization">Makes of a number of channels what comes before the model.</param>
    /// <param name="size">Height and width of its images; null for what the model says.</param>
    /// <returns>The network, and the size of its images.</returns>
    /// <exception cref="InvalidDataException">It is damaged, or no classifier of such images.</exception>
    public static (OnnxRuntimeNetwork Network, (int Height, int Width) Size) Load(
        ReadOnlyMemory<byte> program, Func<int, ChannelStatistics> normalization, (int Height, int Width)? size)
    {
        OnnxProgram? onnx = null;
        try
        {
            var loaded = onnx = new OnnxProgram(program);
            var imageSize = loaded.SizeOr(size);
            var statistics = normalization(loaded.Channels);
            var network = new OnnxRuntimeNetwork(loaded, program, CountClasses(loaded.Run, loaded.Channels, imageSize), statistics);
            onnx = null;
            return (network, imageSize);
        }
        catch (OnnxRuntimeException e)
        {
            var isLinked = e.Message.Contains("External data", StringComparison.Ordinal);
            throw new InvalidDataException(
                isLinked ? "It keeps weights in other files, which are not followed: save it as one file." : $"ONNX Runtime says: {FileText.Show(e.Message, MaxReason)}", e);
        }
        catch (TypeInitializationException e) when (e.InnerException is DllNotFoundException)
        {
            throw new NotSupportedException("ONNX models need the native half of ONNX Runtime: add the package Microsoft.ML.OnnxRuntime to the program.", e);
        }
        finally
        {
            onnx?.Dispose();
        }
    }

    public override Tensor forward(Tensor input) => input.requires_grad && is_grad_enabled()
        ? throw new NotSupportedException("An ONNX model gives scores without gradients: for attacks and gradient bounds use the same network as a state dict or TorchScript.")
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
}
