using System.Collections.Immutable;
using System.Numerics.Tensors;
using MarginNet.Checkpoints;
using MarginNet.PValues;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace MarginNet.Serving;

/// <summary>An ONNX model that ONNX Runtime runs on the CPU.</summary>
internal sealed class OnnxModel : IServedModel
{
    private const int MostChannels = 4; // Of an image whose channels come last.

    private readonly InferenceSession _session;
    private readonly RunOptions _run = new();
    private readonly ImageDescription _images;
    private readonly string[] _input;
    private readonly string[] _output;
    private readonly bool _isOfBytes;
    private readonly bool _isChannelsLast;
    private readonly int? _batch; // How many images it takes at once, where that is not any number.

    /// <param name="program">The file, with all its weights.</param>
    /// <param name="images">How its images are made.</param>
    /// <param name="options">Threads, and which output.</param>
    public OnnxModel(byte[] program, ImageDescription images, MarginNetOptions options)
    {
        (_session, _images) = (Open(program, options.Threads), images);
        try
        {
            if (_session.InputMetadata.ToArray() is not
                [{ Key: var input, Value: { Dimensions: { Length: 4 } sizes, ElementDataType: var type } }]
                || type is not (TensorElementType.Float or TensorElementType.UInt8))
            {
                throw new InvalidDataException($"Its inputs are {string.Join(", ", _session.InputMetadata.Select(entry =>
                    $"'{FileText.Show(entry.Key)}' {entry.Value.ElementDataType} [{string.Join(", ", entry.Value.Dimensions)}]"))}: "
                    + "expected one, float32 or uint8 [N, C, H, W].");
            }

            _isOfBytes = type == TensorElementType.UInt8;
            _isChannelsLast = sizes is [_, not (> 0 and <= MostChannels), not (> 0 and <= MostChannels), > 0 and <= MostChannels];
            // Operators that take one scale of 8 bits from the numbers of a whole batch see images one by one.
            _batch = sizes[0] > 0 ? sizes[0] : program.AsSpan().IndexOf("DynamicQuantize"u8) >= 0 ? 1 : null;
            (_input, _output) = ([input], [ChooseOutput(options.Output ?? images.Output)]);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public ModelCard Card { get; private set; } = null!;

    public MarginNullModel NullModel { get; private set; } = null!;

    /// <summary>What the file says of itself.</summary>
    public IReadOnlyDictionary<string, string> Metadata => _session.ModelMetadata.CustomMetadataMap;

    /// <summary>Says what it is, which is known when it is loaded.</summary>
    public OnnxModel Describe(string version, ImmutableArray<string> classNames, MarginNullModel nullModel)
    {
        Card = new(version, classNames, _images.Mean.Length, _images.Height, _images.Width);
        NullModel = nullModel;
        return this;
    }

    public float[] Score(Memory<float> images, int count)
    {
        var length = Card.ImageLength;
        images = images[..(count * length)];
        if (!_images.IsPlain)
        {
            Normalize(images.Span);
        }

        if (_isChannelsLast)
        {
            images = ChannelsLast(images.Span);
        }

        if (_batch is not { } batch || batch == count)
        {
            return Run(images, count);
        }

        var scores = new List<float>();
        for (var start = 0; start < count; start += batch)
        {
            var part = new float[batch * length]; // The last one is filled up with black.
            images.Span[(start * length)..Math.Min(count * length, (start + batch) * length)].CopyTo(part);
            scores.AddRange(Run(part, batch));
        }

        return [.. scores[..(count * Card.ClassNames.Length)]];
    }

    public void Dispose()
    {
        _run.Dispose();
        _session.Dispose();
    }

    private float[] Run(Memory<float> images, int count)
    {
        int[] sizes = [_images.Mean.Length, _images.Height, _images.Width];
        long[] shape = _isChannelsLast ? [count, sizes[1], sizes[2], sizes[0]] : [count, sizes[0], sizes[1], sizes[2]];
        using var input = _isOfBytes
            ? OrtValue.CreateTensorValueFromMemory(Array.ConvertAll(images.ToArray(), ToByte), shape)
            : OrtValue.CreateTensorValueFromMemory(OrtMemoryInfo.DefaultInstance, images, shape);
        using var outputs = _session.Run(_run, _input, [input], _output);
        var type = outputs[0].GetTensorTypeAndShape();
        return type.ElementDataType == TensorElementType.Float
            && type.Shape is [var rows, .. var rest] && rows == count && rest.Count(size => size != 1) <= 1
                ? outputs[0].GetTensorDataAsSpan<float>().ToArray()
                : throw new InvalidDataException($"Its output '{FileText.Show(_output[0])}' is {type.ElementDataType} " +
                    $"[{string.Join(", ", type.Shape)}] for {count} images: expected float32 [N, C].");
    }

    private string ChooseOutput(string? wanted) => (wanted, _session.OutputNames) switch
    {
        (null, [var only]) => only,
        (null, var several) => throw new InvalidDataException(
            $"It has {several.Count} outputs, {FileText.Show(string.Join(", ", several))}: name that of the scores by "
            + $"{MarginNetOptions.Section}:Output."),
        (var name, var outputs) => outputs.Contains(name) ? name : throw new InvalidDataException(
            $"It has no output '{FileText.Show(name)}': expected one of {FileText.Show(string.Join(", ", outputs))}."),
    };

    private void Normalize(Span<float> images)
    {
        var plane = _images.Height * _images.Width;
        for (var (start, channel) = (0, 0); start < images.Length; (start, channel) = (start + plane, (channel + 1) % _images.Mean.Length))
        {
            var own = images.Slice(start, plane);
            TensorPrimitives.Subtract(own, _images.Mean[channel], own);
            TensorPrimitives.Divide(own, _images.StandardDeviation[channel], own);
        }
    }

    private float[] ChannelsLast(ReadOnlySpan<float> images)
    {
        var (channels, plane) = (_images.Mean.Length, _images.Height * _images.Width);
        var turned = new float[images.Length];
        for (var i = 0; i < turned.Length; i++)
        {
            var (image, pixel, channel) = (i / (channels * plane), i / channels % plane, i % channels);
            turned[i] = images[(((image * channels) + channel) * plane) + pixel];
        }

        return turned;
    }

    private static byte ToByte(float pixel) => (byte)Math.Clamp(MathF.Round(byte.MaxValue * pixel), 0, byte.MaxValue);

    private static InferenceSession Open(byte[] program, int threads)
    {
        using var options = new SessionOptions
        {
            IntraOpNumThreads = threads > 0 ? threads : Environment.ProcessorCount,
            LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL, // What matters comes as an exception.
        };
        options.AddSessionConfigEntry("session.intra_op.allow_spinning", "0"); // Requests share the cores.
        // Weights in other files are not those that were calibrated by their bytes: they are to be in a folder that there is not.
        options.AddSessionConfigEntry(
            "session.model_external_initializers_file_folder_path", Path.Combine(Path.GetTempPath(), Path.GetRandomFileName()));
        return new(program, options);
    }
}
