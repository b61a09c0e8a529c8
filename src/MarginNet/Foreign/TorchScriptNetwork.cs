using MarginNet.Checkpoints;
using MarginNet.Data;
using MarginNet.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace MarginNet.Foreign;

/// <summary>A TorchScript program, in evaluation mode for good and with its weights frozen:
/// its scores have gradients in the images.</summary>
internal sealed class TorchScriptNetwork : ProgramNetwork
{
    private const int MaxReason = 300;

    private static readonly int[] UsualChannels = [3, 1, 4, 2];

    private readonly TorchScriptCall _script; // No registered component: Module.Dispose would ask it for its own when it is disposed.
    private readonly PassLimit _limit;

    private TorchScriptNetwork(
        TorchScriptCall script,
        ReadOnlyMemory<byte> program,
        string? output,
        int classCount,
        ChannelStatistics normalization,
        PassLimit limit)
        : base(nameof(TorchScriptNetwork), program, output, classCount, normalization) => (_script, _limit) = (script, limit);

    /// <summary>All that it gives, with the sizes that it has.</summary>
    public ProgramOutput[] Outputs { get; private init; } = [];

    /// <inheritdoc/>
    public override IEnumerable<string> Notes => Outputs.Length > 1 ? [ProgramOutputs.Note(Outputs, Output!)] : [];

    /// <summary>Loads a program, which runs it.</summary>
    /// <param name="program">The archive that <c>torch.jit.save</c> wrote.</param>
    /// <param name="options">
    /// Whether it is trusted, how long it may run, and where the file does not say it the size of its images, what comes before it and
    /// which output has the scores.
    /// </param>
    /// <exception cref="InvalidDataException">It is not trusted, is damaged, or is no classifier of such images.</exception>
    public static TorchScriptNetwork Load(ReadOnlyMemory<byte> program, LoadOptions options)
    {
        if (!options.Trusts(program))
        {
            throw new InvalidDataException(
                "It is TorchScript, a program that may read and write your files as soon as it is loaded: if you trust who made it, "
                + "say so by --trust-torchscript (LoadOptions.TrustTorchScript); else ask for a state dict or ONNX.");
        }

        if (options.ImageSize is not { } size)
        {
            throw new InvalidDataException("It is TorchScript, which does not say how large its images are: "
                + "give --input-size (LoadOptions.ImageSize), such as 32 or 224.");
        }

        TorchScriptArchive.Check(program);
        TorchScriptCall? script = null;
        TorchScriptNetwork? network = null;
        var limit = PassLimit.Of(options);
        try
        {
            using (limit.Start(images: 0))
            {
                script = new(program);
            }

            var (channels, outputs) = Try(script, options, size, limit);
            var chosen = ProgramOutputs.Choose(outputs, options.Output);
            var output = chosen.Name.Length == 0 ? null : chosen.Name;
            var loaded = script;
            var classes = CountClasses(images => AsScores(loaded.Run(images, output)), channels, size);
            network = new(script, program, output, classes, options.NormalizationFor(channels), limit) { Outputs = outputs };
            ImageFunction.ThrowIfNot(network, channels, size);
            return network;
        }
        catch (Exception e)
        {
            ((IDisposable?)network ?? script)?.Dispose();
            var channels = options.Normalization?.Mean.Length ?? UsualChannels[0];
            if (TorchScriptCall.IsFailure(e))
            {
                throw new InvalidDataException($"Its program fails on images {channels}x{size.Height}x{size.Width}: " +
                    $"{FileText.Show(LibTorchText.Reason(e.Message), MaxReason)}", e);
            }

            throw;
        }
    }

    private protected override Tensor Run(Tensor normalized)
    {
        using var watch = _limit.Start(normalized.shape[0]);
        return AsScores(_script.Run(normalized, Output), normalized.shape[0]);
    }

    protected override nn.Module _to(DeviceType deviceType, int deviceIndex, bool non_blocking)
    {
        _script.Module.to(new Device(deviceType, deviceIndex));
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

    /// <summary>Scores of any shape that has one row for each image, as [N, C]; those of one image may lack their first size.</summary>
    private Tensor AsScores(Tensor output, long images) =>
        images == 1 && output.dim() == 1 && output.shape[0] == Options.ClassCount ? output.unsqueeze(0) : AsScores(output);

    private static Tensor AsScores(Tensor output) =>
        output.dim() > 2 && output.shape[1..].Count(size => size != 1) <= 1 ? output.flatten(1) : output;

    /// <summary>Runs it on black images of the channels given, or of as many as it takes.</summary>
    private static (int Channels, ProgramOutput[] Outputs) Try(
        TorchScriptCall script, LoadOptions options, (int Height, int Width) size, PassLimit limit)
    {
        int[] candidates = options.Normalization is { } given
            ? [given.Mean.Length]
            : [UsualChannels[0], .. FirstKernel(script), .. UsualChannels[1..]];
        Exception? first = null;
        foreach (var channels in candidates.Distinct())
        {
            using var scope = NewDisposeScope();
            using var inference = no_grad();
            using var watch = limit.Start(images: 2);
            try
            {
                return (channels, [.. script.Outputs(zeros(2, channels, size.Height, size.Width)).Select(Describe)]);
            }
            catch (Exception e) when (TorchScriptCall.IsFailure(e))
            {
                first ??= e;
            }
        }

        throw first!;
    }

    /// <summary>The channels that the first convolution takes, where its weights are still parameters.</summary>
    private static IEnumerable<int> FirstKernel(TorchScriptCall script)
    {
        using var scope = NewDisposeScope();
        var kernels = script.Module.parameters().Where(parameter => parameter.dim() == 4);
        return [.. kernels.Take(1).Select(kernel => (int)kernel.shape[1])];
    }

    private static ProgramOutput Describe((string Name, Tensor? Value) output) => output.Value is { } tensor
        ? new(output.Name, tensor.shape, tensor.is_floating_point(), $"[N, {string.Join(", ", tensor.shape.Skip(1))}]")
        : new(output.Name, null, IsReal: false, "(no tensor)");
}
