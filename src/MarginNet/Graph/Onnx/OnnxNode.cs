using System.Collections.Immutable;
using System.Text;
using MarginNet.Checkpoints;
using Onnx;

namespace MarginNet.Graph.Onnx;

/// <summary>A node of an ONNX file as its operator reads it: attributes by name and type, and inputs that are known.</summary>
/// <param name="proto">The node.</param>
/// <param name="inputs">Its inputs; null where one was left out.</param>
/// <param name="operatorSet">The version of the operator set.</param>
/// <param name="batch">The number of images that the file is made for; null where it takes any. Default null.</param>
internal sealed class OnnxNode(NodeProto proto, IReadOnlyList<Operand?> inputs, long operatorSet, long? batch = null)
{
    /// <summary>The name of its first output, by which values go.</summary>
    public string Name { get; } = proto.Output.Count > 0 && proto.Output[0].Length > 0 ? proto.Output[0] : proto.Name;

    /// <summary>Its operator, such as <c>Conv</c>.</summary>
    public string Operator => proto.OpType;

    /// <summary>The version of the operator set.</summary>
    public long OperatorSet => operatorSet;

    /// <summary>The number of images that the file is made for, which may be in its integers; null where it takes any.</summary>
    public long? Batch => batch;

    /// <summary>How many outputs are asked for.</summary>
    public int OutputCount => proto.Output.Count;

    /// <summary>Its inputs; null where one was left out.</summary>
    public IReadOnlyList<Operand?> Inputs => inputs;

    /// <summary>An input that has to be there.</summary>
    /// <exception cref="InvalidDataException">It is not.</exception>
    public Operand Input(int index) => Optional(index) ?? throw new InvalidDataException($"It has no input {index}.");

    /// <summary>An input; null where it was left out.</summary>
    public Operand? Optional(int index) => index < inputs.Count ? inputs[index] : null;

    /// <summary>All inputs, none of which may be left out.</summary>
    public Operand[] All() => [.. Enumerable.Range(0, inputs.Count).Select(Input)];

    /// <summary>Whether an attribute is there.</summary>
    public bool Has(string name) => Find(name) is not null;

    /// <summary>An integer.</summary>
    /// <exception cref="InvalidDataException">It is something else, or not there and has no default.</exception>
    public long Integer(string name, long? byDefault = null) => Find(name) is { } attribute
        ? Typed(attribute, AttributeProto.Types.AttributeType.Int).I
        : byDefault ?? throw Missing(name);

    /// <summary>A number.</summary>
    public double Number(string name, double? byDefault = null) => Find(name) is { } attribute
        ? Typed(attribute, AttributeProto.Types.AttributeType.Float).F is var value && double.IsFinite(value)
            ? value
            : throw new InvalidDataException($"Its attribute '{name}' is {value}.")
        : byDefault ?? throw Missing(name);

    /// <summary>A text.</summary>
    public string Text(string name, string byDefault) => Find(name) is { } attribute
        ? Encoding.UTF8.GetString(Typed(attribute, AttributeProto.Types.AttributeType.String).S.Span)
        : byDefault;

    /// <summary>A list of integers; null where it is not there.</summary>
    public long[]? Integers(string name) =>
        Find(name) is { } attribute ? [.. Typed(attribute, AttributeProto.Types.AttributeType.Ints).Ints] : null;

    /// <summary>A list of numbers; null where it is not there.</summary>
    public float[]? Numbers(string name) =>
        Find(name) is { } attribute ? [.. Typed(attribute, AttributeProto.Types.AttributeType.Floats).Floats] : null;

    /// <summary>A tensor; null where it is not there.</summary>
    public TensorProto? Tensor(string name) =>
        Find(name) is { } attribute ? Typed(attribute, AttributeProto.Types.AttributeType.Tensor).T : null;

    /// <summary>A list of integers within bounds, of a length.</summary>
    /// <exception cref="InvalidDataException">It has another length, or an integer out of bounds.</exception>
    public long[] Integers(string name, int length, long byDefault, long least, long most = int.MaxValue)
    {
        var values = Integers(name) ?? [.. Enumerable.Repeat(byDefault, length)];
        return values.Length == length && Array.TrueForAll(values, value => value >= least && value <= most)
            ? values
            : throw new InvalidDataException(
                $"Its attribute '{name}' is [{string.Join(", ", values)}]: expected {length} integers from {least} to {most}.");
    }

    /// <summary>An axis of a value with so many, negative ones counted from the end.</summary>
    /// <exception cref="InvalidDataException">It has no such axis.</exception>
    public static int Axis(long axis, int rank) => axis >= -rank && axis < rank
        ? (int)(axis < 0 ? axis + rank : axis)
        : throw new InvalidDataException($"Its axis is {axis}, of a value with {rank}.");

    /// <summary>The integers that an attribute had in older operator sets, and an input has in newer ones;
    /// null where neither is there.</summary>
    /// <exception cref="InvalidDataException">They are computed from the images.</exception>
    public long[]? IntegersOf(string attribute, int input) =>
        Integers(attribute) ?? (Optional(input) is { } operand ? Known(operand) : null);

    /// <summary>The sizes that an operand is, which does not depend on the images; the batch may be among them.</summary>
    public static ImmutableArray<Dimension> KnownSizes(Operand operand) =>
        operand.Sizes ?? [.. Known(operand).Select(size => new Dimension(size))];

    /// <summary>The integers of an operand that does not depend on the images, nor on their number.</summary>
    public static long[] Known(Operand operand) => operand switch
    {
        { Sizes: { } sizes } when !sizes.Any(size => size.IsPerImage) => [.. sizes.Select(size => size.Count)],
        { Constant: { } constant } when !constant.is_floating_point() && constant.numel() < int.MaxValue =>
            constant.numel() == 0 ? [] // An accessor of none fails where they are a view.
                : constant.to(TorchSharp.torch.ScalarType.Int64).contiguous().data<long>().ToArray(),
        _ => throw new InvalidDataException(
            $"Its input '{FileText.Show(operand.Name)}' is not known beforehand, as its integers have to be."),
    };

    /// <summary>The number of an operand that does not depend on the images.</summary>
    public static double KnownNumber(Operand operand) => operand.Constant is { } constant && constant.numel() == 1
        ? constant.to(TorchSharp.torch.ScalarType.Float64).item<double>()
        : operand.Sizes is [{ IsPerImage: false, Count: var count }] ? count
        : throw new InvalidDataException($"Its input '{FileText.Show(operand.Name)}' is not one number known beforehand.");

    private AttributeProto? Find(string name) => proto.Attribute.FirstOrDefault(attribute => attribute.Name == name);

    private static AttributeProto Typed(AttributeProto attribute, AttributeProto.Types.AttributeType type) => attribute.Type == type
        ? attribute
        : throw new InvalidDataException($"Its attribute '{FileText.Show(attribute.Name)}' is {attribute.Type}: expected {type}.");

    private static InvalidDataException Missing(string name) => new($"It has no attribute '{name}'.");
}
