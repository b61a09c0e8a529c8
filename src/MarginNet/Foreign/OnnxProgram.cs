using System.Collections.Concurrent;
using MarginNet.Checkpoints;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using TorchSharp;
using static TorchSharp.torch;
using Tensor = TorchSharp.torch.Tensor;

namespace MarginNet.Foreign;

/// <summary>
/// Sessions of ONNX Runtime that make one tensor of one tensor of images, and may run on many threads at once: one on the CPU, and one on
/// each GPU that images come from, where its native half has CUDA.
/// </summary>
internal sealed class OnnxProgram : IDisposable
{
    private const int MaxReason = 300;
    private const string CudaProvider = "CUDAExecutionProvider";

    private readonly ReadOnlyMemory<byte> _program;
    private readonly InferenceSession _session;
    private readonly ConcurrentDictionary<int, Lazy<InferenceSession>> _onGpus = [];
    private readonly PassLimit _limit;
    private readonly OnnxSignature _signature;
    private readonly string[] _input;
    private readonly string[] _output;
    private readonly bool _isOneByOne;

    /// <param name="program">The file, with all its weights.</param>
    /// <param name="signature">What it says of itself.</param>
    /// <param name="output">The output that has the scores.</param>
    /// <param name="options">How long it may run.</param>
    public OnnxProgram(ReadOnlyMemory<byte> program, OnnxSignature signature, string output, LoadOptions options)
    {
        (_program, _signature, _input, _output) = (program, signature, [signature.Input], [output]);
        // Operators that take one scale of 8 bits from the numbers of a whole batch.
        _isOneByOne = program.Span.IndexOf("DynamicQuantize"u8) >= 0;
        _limit = PassLimit.Of(options);
        using (_limit.Start(images: 0)) // What it computes once and for all, it computes here.
        {
            _session = Open(program);
        }
    }

    /// <summary>Whether the native half of ONNX Runtime that is here has CUDA.</summary>
    public static bool HasCuda => OrtEnv.Instance().GetAvailableProviders().Contains(CudaProvider);

    /// <summary>Makes scores [N, C] on the CPU of images [N, channels, height, width] on any device.</summary>
    public Tensor Run(Tensor images)
    {
        using var scope = NewDisposeScope();
        var session = Session(images.device);
        var ordered = _signature.IsChannelsLast ? images.permute(0, 2, 3, 1) : images;
        var (pixels, count) = (ordered.cpu().to(ScalarType.Float32).contiguous().data<float>().ToArray(), (int)images.shape[0]);
        var fixedCount = _signature.ImageCount ?? (_isOneByOne ? 1 : count);
        long[] shape = [fixedCount, .. ordered.shape[1..]];
        var parts = new List<Tensor>();
        var size = pixels.Length / count;
        for (var start = 0; start < count; start += fixedCount)
        {
            var part = new float[fixedCount * size]; // The last one is filled up with black.
            pixels.AsSpan(start * size, Math.Min(part.Length, pixels.Length - (start * size))).CopyTo(part);
            parts.Add(Run(session, part, shape));
        }

        return cat(parts).narrow(0, 0, count).contiguous().MoveToOuterDisposeScope();
    }

    public void Dispose()
    {
        _session.Dispose();
        foreach (var session in _onGpus.Values.Where(session => session.IsValueCreated))
        {
            session.Value.Dispose();
        }
    }

    private InferenceSession Session(Device device) => device.type == DeviceType.CUDA && HasCuda
        ? _onGpus.GetOrAdd(device.index, index => new(() => Open(_program, index))).Value
        : _session;

    private Tensor Run(InferenceSession session, float[] pixels, long[] shape)
    {
        using var options = new RunOptions();
        using var watch = _limit.Start(() => options.Terminate = true);
        using var input = _signature.IsOfBytes
            ? OrtValue.CreateTensorValueFromMemory(Array.ConvertAll(pixels, ToByte), shape)
            : OrtValue.CreateTensorValueFromMemory(pixels, shape);
        try
        {
            using var outputs = session.Run(options, _input, [input], _output);
            var type = outputs[0].GetTensorTypeAndShape();
            var isFloat = type.ElementDataType == TensorElementType.Float;
            return isFloat && type.Shape is [var rows, .. var rest] && rows == shape[0] && rest.Count(size => size != 1) <= 1
                ? tensor(outputs[0].GetTensorDataAsSpan<float>().ToArray(), [rows, rest.Aggregate(1L, (product, size) => product * size)])
                : throw new InvalidDataException($"Its output '{FileText.Show(_output[0])}' is {type.ElementDataType} " +
                    $"[{string.Join(", ", type.Shape)}] for {shape[0]} images: expected float32 [N, C].");
        }
        catch (OnnxRuntimeException e) when (watch.IsOver)
        {
            throw new InvalidDataException(_limit.Message(shape[0]), e);
        }
    }

    private static byte ToByte(float pixel) => (byte)Math.Clamp(MathF.Round(byte.MaxValue * pixel), 0, byte.MaxValue);

    /// <summary>A session of the file, on as many threads as LibTorch.</summary>
    /// <param name="program">The file, with all its weights.</param>
    /// <param name="gpu">The GPU to run on; null for the CPU.</param>
    /// <exception cref="NotSupportedException">The native half of ONNX Runtime has no CUDA, or cannot load it.</exception>
    public static InferenceSession Open(ReadOnlyMemory<byte> program, int? gpu = null)
    {
        using var options = new SessionOptions
        {
            IntraOpNumThreads = get_num_threads(),
            LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL, // What matters comes as an exception.
        };
        options.AddSessionConfigEntry("session.intra_op.allow_spinning", "0"); // Other programs share the cores.

        // Weights in other files were brought in before; a path that is left is to be in a folder that there is not: else any file
        // under the current one would do.
        options.AddSessionConfigEntry(
            "session.model_external_initializers_file_folder_path", Path.Combine(Path.GetTempPath(), Path.GetRandomFileName()));
        if (gpu is { } index)
        {
            UseCuda(options, index);
        }

        return new(program.ToArray(), options);
    }

    private static void UseCuda(SessionOptions options, int gpu)
    {
        try
        {
            options.AppendExecutionProvider_CUDA(gpu);
        }
        catch (Exception e) when (e is OnnxRuntimeException or EntryPointNotFoundException)
        {
            throw new NotSupportedException($"ONNX Runtime cannot use the GPU {gpu}: {FileText.Show(e.Message, MaxReason)}. Run the model on "
                + "the CPU, or see to it that the CUDA and cuDNN that Microsoft.ML.OnnxRuntime.Gpu was built for can be loaded.", e);
        }
    }
}
