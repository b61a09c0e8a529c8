using MarginNet.Checkpoints;
using Onnx;
using Type = Onnx.TensorProto.Types.DataType;

namespace MarginNet.Foreign;

/// <summary>What an ONNX model takes and gives, as its file says.</summary>
internal sealed record OnnxSignature
{
    private const int MostChannels = 4; // Of an image whose channels come last.

    private readonly int[] _shape; // [N, C, H, W], at most 0 where any.

    private OnnxSignature(int[] shape) => _shape = shape;

    /// <summary>The name of its input.</summary>
    public required string Input { get; init; }

    /// <summary>Whether its pixels are bytes, 0 to 255.</summary>
    public required bool IsOfBytes { get; init; }

    /// <summary>Whether its images are [N, H, W, C].</summary>
    public required bool IsChannelsLast { get; init; }

    /// <summary>All that it gives.</summary>
    public required ProgramOutput[] Outputs { get; init; }

    /// <summary>How many images it takes at once; null for any number.</summary>
    public int? ImageCount => _shape[0] > 0 ? _shape[0] : null;

    /// <summary>The channels of its images; null where it does not say.</summary>
    public int? Channels => _shape[1] > 0 ? _shape[1] : null;

    /// <summary>Reads what a model says.</summary>
    /// <exception cref="InvalidDataException">It takes no images.</exception>
    public static OnnxSignature Of(ModelProto model)
    {
        var graph = model.Graph ?? new();
        var weights = graph.Initializer.Select(tensor => tensor.Name).ToHashSet(); // Old files list weights among the inputs.
        ValueInfoProto[] inputs = [.. graph.Input.Where(value => !weights.Contains(value.Name))];
        if (inputs is not [{ Type.TensorType: { Shape.Dim.Count: 4, ElemType: (int)Type.Float or (int)Type.Uint8 } type } input])
        {
            throw new InvalidDataException(
                $"Its inputs are {string.Join(", ", inputs.Select(Describe))}: expected one, float32 or uint8 [N, C, H, W].");
        }

        int[] sizes = [.. type.Shape.Dim.Select(size => (int)Math.Clamp(size.DimValue, 0, int.MaxValue))];
        var isChannelsLast = sizes is [_, not (> 0 and <= MostChannels), not (> 0 and <= MostChannels), > 0 and <= MostChannels];
        return new(isChannelsLast ? [sizes[0], sizes[3], sizes[1], sizes[2]] : sizes)
        {
            Input = input.Name,
            IsOfBytes = type.ElemType == (int)Type.Uint8,
            IsChannelsLast = isChannelsLast,
            Outputs = graph.Output.Count > 0 ? [.. graph.Output.Select(Output)]
                : throw new InvalidDataException("It has no outputs: expected scores [N, C]."),
        };
    }

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

    /// <summary>The channels that it says, that are given, or that it may take, the likeliest first.</summary>
    public int[] PossibleChannels(LoadOptions options) =>
        Channels is { } stated ? [stated] : options.Normalization is { } given ? [given.Mean.Length] : [3, 1, 4, 2];

    /// <summary>What is taken for granted, a sentence each.</summary>
    /// <param name="output">The output that has the scores; null where there is one.</param>
    public IEnumerable<string> Notes(string? output)
    {
        if (IsChannelsLast)
        {
            yield return "its input is [N, H, W, C], with the channels last: images are given so.";
        }

        if (IsOfBytes)
        {
            yield return "its input is uint8: pixels are given as bytes, 0 to 255.";
        }

        if (output is not null)
        {
            yield return ProgramOutputs.Note(Outputs, output);
        }
    }

    /// <summary>The output that has the scores.</summary>
    public ProgramOutput Chosen(LoadOptions options) =>
        options.TakesFirstOutput ? Outputs[0] : ProgramOutputs.Choose(Outputs, options.Output);

    private static ProgramOutput Output(ValueInfoProto value)
    {
        if (value.Type?.TensorType is not { } type)
        {
            return new(value.Name, null, IsReal: false, $"{value.Type?.ValueCase}");
        }

        var isFloat = type.ElemType == (int)Type.Float;
        long[]? shape = type.Shape is { Dim.Count: > 0 } ? [.. type.Shape.Dim.Select(size => size.DimValue)] : null;
        return new(value.Name, shape, isFloat, $"{(isFloat ? "" : (Type)type.ElemType + " ")}{Text(type)}");
    }

    private static string Describe(ValueInfoProto input) => input.Type?.TensorType is { } type
        ? $"'{FileText.Show(input.Name)}' {(Type)type.ElemType} {FileText.Show(Text(type))}"
        : $"'{FileText.Show(input.Name)}' {input.Type?.ValueCase}";

    private static string Text(TypeProto.Types.Tensor type) => $"[{string.Join(", ", (type.Shape?.Dim ?? []).Select(
        size => size.DimValue > 0 ? $"{size.DimValue}" : size.DimParam.Length > 0 ? size.DimParam : "?"))}]";
}
