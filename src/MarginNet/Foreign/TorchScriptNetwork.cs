using System.Runtime.InteropServices;
using MarginNet.Data;
using TorchSharp;
using static TorchSharp.torch;

namespace MarginNet.Foreign;

/// <summary>A TorchScript program, in evaluation mode for good and with its weights frozen: its scores have gradients in the images.</summary>
internal sealed class TorchScriptNetwork : ProgramNetwork
{
    private readonly jit.ScriptModule<Tensor, Tensor> _script; // No registered component: Module.Dispose would ask it for its own when it is disposed.

    private TorchScriptNetwork(jit.ScriptModule<Tensor, Tensor> script, ReadOnlyMemory<byte> program, int classCount, ChannelStatistics normalization)
        : base(nameof(TorchScriptNetwork), program, classCount, normalization) => _script = script;

    /// <summary>Loads a program, which runs it.</summary>
    /// <param name="program">The archive that <c>torch.jit.save</c> wrote.</param>
    /// <param name="normalization">What comes before it.</param>
    /// <param name="size">Height and width of its images.</param>
    /// <param name="isTrusted">Whether the user allows it.</param>
    /// <exception cref="InvalidDataException">It is not trusted, is damaged, or is no classifier of such images.</exception>
    public static TorchScriptNetwork Load(ReadOnlyMemory<byte> program, ChannelStatistics normalization, (int Height, int Width)? size, bool isTrusted)
    {
        if (!isTrusted)
        {
            throw new InvalidDataException(
                "It is TorchScript, a program that may read and write your files as soon as it is loaded: if you trust who made it, say so by --trust-torchscript (LoadOptions.TrustTorchScript); else ask for a state dict or ONNX.");
        }

        if (size is not { } imageSize)
        {
            throw new InvalidDataException("It is TorchScript, which does not say how large its images are: give --input-size (LoadOptions.ImageSize), such as 32 or 224.");
        }

        TorchScriptArchive.Check(program);
        jit.ScriptModule<Tensor, Tensor>? script = null;
        try
        {
            var loaded = script = jit.load<Tensor, Tensor>(program.ToArray());
            script.eval();
            Freeze(script);
            var network = new TorchScriptNetwork(loaded, program, CountClasses(loaded.call, normalization.Mean.Length, imageSize), normalization);
            script = null;
            return network;
        }
        catch (Exception e) when (e is ExternalException or InvalidCastException or ArgumentException)
        {
            throw new InvalidDataException(
                $"Its program fails on images {normalization.Mean.Length}x{imageSize.Height}x{imageSize.Width}: {Reason(e.Message)}", e);
        }
        finally
        {
            script?.Dispose();
        }
    }

    private protected override Tensor Run(Tensor normalized) => _script.call(normalized);

    protected override nn.Module _to(DeviceType deviceType, int deviceIndex, bool non_blocking)
    {
        _script.to(new Device(deviceType, deviceIndex));
        return base._to(deviceType, deviceIndex, non_blocking);
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _script.Dispose();
        }

        base.Dispose(disposing);
    }

    private static void Freeze(jit.ScriptModule script)
    {
        using var scope = NewDisposeScope();
        foreach (var parameter in script.parameters())
        {
            parameter.requires_grad = false;
        }
    }

    /// <summary>The last line of what LibTorch says: before it stands where in the program, behind it where in LibTorch.</summary>
    private static string Reason(string message) =>
        message.Split("\nException raised from", 2)[0].Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)[^1];
}
