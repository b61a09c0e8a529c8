using MarginNet.Checkpoints;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using static TorchSharp.torch;
using Tensor = TorchSharp.torch.Tensor;

namespace MarginNet.Foreign;

/// <summary>A session of ONNX Runtime that makes one tensor of one tensor of images; it may run on many threads at once.</summary>
internal sealed class OnnxProgram : IDisposable
{
    private const int MostChannels = 4; // Of an image whose channels come last.

    private readonly InferenceSession _session;
    private readonly PassLimit _limit;
    private readonly string[] _input;
    private readonly string[] _output;
    private readonly int[] _shape; // [N, C, H, W], at most 0 where any.
    private readonly bool _isOneByOne;

    public OnnxProgram(ReadOnlyMemory<byte> program, LoadOptions options)
    {
        _limit = PassLimit.Of(options);
        using (_limit.Start(images: 0)) // What it computes once and for all, it computes here.
        {
            _session = Open(program);
        }

        try
        {
            (string Name, NodeMetadata Node)[] inputs = [.. _session.InputMetadata.Select(entry => (entry.Key, entry.Value))];
            if (inputs is not [{ Node: { IsTensor: true, Dimensions.Length: 4 } node } input]
                || node.ElementDataType != TensorElementType.Float)
            {
                throw new InvalidDataException($"Its inputs are {string.Join(", ", inputs.Select(Describe))}: expected one, float32 [N, " +
                    $"C, H, W].");
            }

            Outputs = [.. _session.OutputMetadata.Select(entry => Output(entry.Key, entry.Value))];
            Chosen = Outputs.Length == 0 ? throw new InvalidDataException("It has no outputs: expected scores [N, C].")
                : options.TakesFirstOutput ? Outputs[0] : ProgramOutputs.Choose(Outputs, options.Output);
            IsChannelsLast = node.Dimensions is [_, not (> 0 and <= MostChannels), not (> 0 and <= MostChannels), > 0 and <= MostChannels];
            _shape = IsChannelsLast ? [node.Dimensions[0], node.Dimensions[3], node.Dimensions[1], node.Dimensions[2]] : node.Dimensions;
            (_input, _output) = ([input.Name], [Chosen.Name]);
            // Operators that take one scale of 8 bits from the numbers of a whole batch.
            _isOneByOne = program.Span.IndexOf("DynamicQuantize"u8) >= 0;
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public ProgramOutput[] Outputs { get; }

    /// <summary>The one that has the scores.</summary>
    public ProgramOutput Chosen { get; }

    /// <summary>Whether its images are [N, H, W, C].</summary>
    public bool IsChannelsLast { get; }

    /// <summary>The channels of its images; null where it does not say.</summary>
    public int? Channels => _shape[1] > 0 ? _shape[1] : null;

    /// <summary>The size of its images: what the model says, or where it takes any size what the user says.</summary>
    public (int Height, int Width) SizeOr((int Height, int Width)? size) => (_shape[2], _shape[3], size) switch
    {
        ( > 0, > 0, null) => (_shape[2], _shape[3]),
        (var height, var width, { } given) when (height <= 0 || height == given.Height) && (width <= 0 || width == given.Width) => given,
        (_, _, null) => throw new InvalidDataException(
            "It is ONNX that takes images of any size: give --input-size (LoadOptions.ImageSize), that of its training."),
        _ => throw new InvalidDataException(
            $"It takes images of {_shape[2]}x{_shape[3]}, not of {size.Value.Height}x{size.Value.Width}: leave the input size out."),
    };

    /// <summary>Makes scores [N, C] of images [N, channels, height, width], on the CPU.</summary>
    public Tensor Run(Tensor images)
    {
        using var scope = NewDisposeScope();
        var ordered = IsChannelsLast ? images.permute(0, 2, 3, 1) : images;
        var (pixels, count) = (ordered.cpu().to(ScalarType.Float32).contiguous().data<float>().ToArray(), (int)images.shape[0]);
        var fixedCount = _shape[0] > 0 ? _shape[0] : _isOneByOne ? 1 : count;
        long[] shape = [fixedCount, .. ordered.shape[1..]];
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

    public void Dispose() => _session.Dispose();

    private Tensor Run(float[] pixels, long[] shape)
    {
        using var options = new RunOptions();
        using var watch = _limit.Start(() => options.Terminate = true);
        using var input = OrtValue.CreateTensorValueFromMemory(pixels, shape);
        try
        {
            using var outputs = _session.Run(options, _input, [input], _output);
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

    private static InferenceSession Open(ReadOnlyMemory<byte> program)
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
        return new(program.ToArray(), options);
    }

    private static ProgramOutput Output(string name, NodeMetadata node)
    {
        if (!node.IsTensor)
        {
            return new(name, null, IsReal: false, $"{node.OnnxValueType}");
        }

        var isFloat = node.ElementDataType == TensorElementType.Float;
        var symbols = node.SymbolicDimensions;
        var sizes = node.Dimensions.Select((size, i) =>
            size > 0 ? $"{size}" : i < symbols.Length && symbols[i].Length > 0 ? symbols[i] : "?");
        var shape = node.Dimensions.Length == 0 ? null : Array.ConvertAll(node.Dimensions, size => (long)size);
        return new(name, shape, isFloat, $"{(isFloat ? "" : node.ElementDataType + " ")}[{string.Join(", ", sizes)}]");
    }

    private static string Describe((string Name, NodeMetadata Node) input) => input.Node.IsTensor
        ? $"'{FileText.Show(input.Name)}' {input.Node.ElementDataType} [{string.Join(", ", input.Node.Dimensions)}]"
        : $"'{FileText.Show(input.Name)}' {input.Node.OnnxValueType}";
}
