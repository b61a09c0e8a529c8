using Microsoft.ML.OnnxRuntime;
using static TorchSharp.torch;

namespace MarginNet.Foreign;

/// <summary>A session of ONNX Runtime that makes one tensor of one tensor of images; it may run on many threads at once.</summary>
internal sealed class OnnxProgram : IDisposable
{
    private const int DefaultChannels = 3;

    private readonly InferenceSession _session;
    private readonly RunOptions _options = new();
    private readonly string[] _input;
    private readonly string[] _output;
    private readonly int[] _shape; // [N, C, H, W], at most 0 where any.

    public OnnxProgram(ReadOnlyMemory<byte> program)
    {
        _session = Open(program);
        (string Name, NodeMetadata Node)[] inputs = [.. _session.InputMetadata.Select(entry => (entry.Key, entry.Value))];
        if (inputs is not [{ Node: { IsTensor: true, Dimensions.Length: 4 } node } input] || node.ElementDataType != Microsoft.ML.OnnxRuntime.Tensors.TensorElementType.Float)
        {
            Dispose();
            throw new InvalidDataException($"Its inputs are {string.Join(", ", inputs.Select(Describe))}: expected one, float32 [N, C, H, W].");
        }

        if (_session.OutputNames is not [var output, ..])
        {
            Dispose();
            throw new InvalidDataException("It has no outputs: expected scores [N, C].");
        }

        (_input, _output, _shape) = ([input.Name], [output], node.Dimensions);
    }

    public int Channels => _shape[1] > 0 ? _shape[1] : DefaultChannels;

    /// <summary>The size of its images: what the model says, or where it takes any size what the user says.</summary>
    public (int Height, int Width) SizeOr((int Height, int Width)? size) => (_shape[2], _shape[3], size) switch
    {
        ( > 0, > 0, null) => (_shape[2], _shape[3]),
        (var height, var width, { } given) when (height <= 0 || height == given.Height) && (width <= 0 || width == given.Width) => given,
        (_, _, null) => throw new InvalidDataException("It is ONNX that takes images of any size: give --input-size (LoadOptions.ImageSize), that of its training."),
        _ => throw new InvalidDataException($"It takes images of {_shape[2]}x{_shape[3]}, not of {size.Value.Height}x{size.Value.Width}: leave the input size out."),
    };

    /// <summary>Makes scores [N, C] of images [N, channels, height, width], on the CPU.</summary>
    public Tensor Run(Tensor images)
    {
        using var scope = NewDisposeScope();
        var (pixels, count) = (images.cpu().to(ScalarType.Float32).contiguous().data<float>().ToArray(), (int)images.shape[0]);
        var fixedCount = _shape[0] > 0 ? _shape[0] : count;
        long[] shape = [fixedCount, .. images.shape[1..]];
        var parts = new List<Tensor>();
        var size = pixels.Length / count;
        for (var start = 0; start < count; start += fixedCount)
        {
            var part = new float[fixedCount * size]; // The last one is filled up with black.
            pixels.AsSpan(start * size, Math.Min(part.Length, pixels.Length - (start * size))).CopyTo(part);
            parts.Add(Run(part, shape));
        }

        return cat(parts).narrow(0, 0, count).contiguous().MoveToOuterDisposeScope();
    }

    public void Dispose()
    {
        _options.Dispose();
        _session.Dispose();
    }

    private Tensor Run(float[] pixels, long[] shape)
    {
        using var input = OrtValue.CreateTensorValueFromMemory(pixels, shape);
        using var outputs = _session.Run(_options, _input, [input], _output);
        var type = outputs[0].GetTensorTypeAndShape();
        return type.ElementDataType == Microsoft.ML.OnnxRuntime.Tensors.TensorElementType.Float && type.Shape is [var rows, _] && rows == shape[0]
            ? tensor(outputs[0].GetTensorDataAsSpan<float>().ToArray(), type.Shape)
            : throw new InvalidDataException($"Its output '{_output[0]}' is {type.ElementDataType} [{string.Join(", ", type.Shape)}] for {shape[0]} images: expected float32 [N, C].");
    }

    private static InferenceSession Open(ReadOnlyMemory<byte> program)
    {
        using var options = new SessionOptions
        {
            IntraOpNumThreads = get_num_threads(),
            LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL, // What matters comes as an exception.
        };
        options.AddSessionConfigEntry("session.intra_op.allow_spinning", "0"); // Other programs share the cores.

        // Weights in other files, whose paths the model gives, are to be in a folder that there is not: else any file under the current one would do.
        options.AddSessionConfigEntry("session.model_external_initializers_file_folder_path", Path.Combine(Path.GetTempPath(), Path.GetRandomFileName()));
        return new(program.ToArray(), options);
    }

    private static string Describe((string Name, NodeMetadata Node) input) => input.Node.IsTensor
        ? $"'{input.Name}' {input.Node.ElementDataType} [{string.Join(", ", input.Node.Dimensions)}]"
        : $"'{input.Name}' {input.Node.OnnxValueType}";
}
