using System.Runtime.InteropServices;
using MarginNet.Checkpoints;
using static TorchSharp.torch;

namespace MarginNet.Graph;

/// <summary>A graph in the making. What does not depend on the images is computed at once.</summary>
/// <remarks>Tensors made here belong to the dispose scope.</remarks>
internal sealed class GraphBuilder
{
    private const int LongestName = 256;
    private const int MostAxes = 16;

    private readonly Dictionary<string, Node> _nodes = []; // In the order they were added.
    private readonly Dictionary<string, Tensor> _constants = [];

    // With the number that made the last alike unique.
    private readonly Dictionary<string, int> _names = new() { [NetworkGraph.Images] = 0, [NetworkGraph.Scores] = 0 };
    private long _computed;

    /// <param name="input">The shape of the images, the batch first.</param>
    public GraphBuilder(ValueShape input) => Input = new(NetworkGraph.Images, input);

    /// <summary>The images.</summary>
    public Operand Input { get; }

    /// <summary>The numbers that may be computed of constants, together. Default 2²⁴, 64 MiB.</summary>
    public long MostComputed { get; init; } = 1 << 24;

    /// <summary>A tensor that does not depend on the images; it stays the caller's.</summary>
    public Operand Constant(string name, Tensor value)
    {
        name = Unique(name);
        _constants.Add(name, value);
        return new(name, ValueShape.Of(value.shape)) { Constant = value };
    }

    /// <summary>Adds a node, or computes its value where that does not depend on the images.</summary>
    /// <exception cref="InvalidDataException">The operation does not take such inputs.</exception>
    public Operand Add(string name, Operation operation, params Operand[] inputs)
    {
        try
        {
            inputs = Array.ConvertAll(inputs, Known);
            var shape = operation.Shape([.. inputs.Select(input => input.Shape)]);
            var count = shape.Count; // Refuses what is too large.
            if (shape.Rank > MostAxes)
            {
                throw new InvalidDataException($"Its value has {shape.Rank} axes: expected at most {MostAxes}.");
            }

            if (Array.TrueForAll(inputs, input => input.Constant is not null))
            {
                return Constant(name, Compute(operation, inputs, count));
            }

            if (!count.IsPerImage)
            {
                throw new InvalidDataException($"Its value {shape} has no axis for the images.");
            }

            var node = new Node(Unique(name), operation, [.. inputs.Select(input => input.Name)], shape);
            _nodes.Add(node.Name, node);
            return new(node.Name, shape);
        }
        catch (ExternalException e)
        {
            throw new InvalidDataException($"Node '{FileText.Show(name)}' ({operation.Kind}): {e.Message.Split('\n', 2)[0]}", e);
        }
        catch (InvalidDataException e) when (!e.Message.StartsWith("Node ", StringComparison.Ordinal))
        {
            throw new InvalidDataException($"Node '{FileText.Show(name)}' ({operation.Kind}): {e.Message}", e);
        }
    }

    /// <summary>The value of constants.</summary>
    private Tensor Compute(Operation operation, Operand[] inputs, Dimension count)
    {
        _computed += Math.Max(1, count.Count);
        if (_computed > MostComputed)
        {
            throw new InvalidDataException($"It computes {count} numbers of constants, which are more than {MostComputed} by now.");
        }

        using var inference = no_grad();
        return operation.Run([.. inputs.Select(input => input.Constant!)], isTraining: false);
    }

    /// <summary>The graph of what a value needs.</summary>
    public NetworkGraph ToGraph(Operand output)
    {
        var needed = new HashSet<string> { output.Name };
        foreach (var node in _nodes.Values.Reverse().Where(node => needed.Contains(node.Name)))
        {
            needed.UnionWith(node.Inputs);
        }

        Node[] nodes = [.. _nodes.Values.Where(node => needed.Contains(node.Name))];
        var roles = nodes.SelectMany(node => node.Inputs.Select((name, i) => (name, Role: node.Operation.Role(i))))
            .GroupBy(use => use.name, use => use.Role)
            .ToDictionary(uses => uses.Key, uses => uses.Max());
        var parameters = _constants.Where(entry => needed.Contains(entry.Key))
            .Select(entry => new GraphParameter(
                entry.Key, entry.Value, IsLearnable(entry.Value) ? roles.GetValueOrDefault(entry.Key) : ParameterRole.Constant));
        return new(Input.Shape, [.. parameters], [.. nodes], output.Name);
    }

    /// <summary>Integers and numbers alone, as the 1 of 1 + erf(x), belong to formulas.</summary>
    private static bool IsLearnable(Tensor value) => value.is_floating_point() && value.dim() > 0;

    /// <summary>A list of sizes as a tensor, where the batch is none of them.</summary>
    /// <exception cref="InvalidDataException">It is.</exception>
    public Operand Known(Operand operand) => operand is { Constant: null, Sizes: { } sizes }
        ? sizes.Any(size => size.IsPerImage)
            ? throw new InvalidDataException($"Its input '{operand.Name}' is computed from the number of images.")
            : Constant(operand.Name, tensor([.. sizes.Select(size => size.Count)], operand.Shape.At(0), ScalarType.Int64))
        : operand;

    /// <summary>A name of its own, and fit for messages whatever a file has for one.</summary>
    private string Unique(string name)
    {
        name = name.Length == 0 ? "value" : FileText.Show(name, LongestName);
        var unique = name;
        while (!_names.TryAdd(unique, 0))
        {
            unique = $"{name}_{++_names[name]}";
        }

        return unique;
    }
}
