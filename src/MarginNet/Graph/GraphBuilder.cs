using System.Runtime.InteropServices;
using MarginNet.Checkpoints;
using static TorchSharp.torch;

namespace MarginNet.Graph;

/// <summary>A graph in the making. What does not depend on the images is computed at once.</summary>
/// <remarks>Tensors made here belong to the dispose scope.</remarks>
internal sealed class GraphBuilder
{
    private readonly Dictionary<string, Node> _nodes = []; // In the order they were added.
    private readonly Dictionary<string, Tensor> _constants = [];
    private readonly HashSet<string> _names = [NetworkGraph.Images];

    /// <param name="input">The shape of the images, the batch first.</param>
    public GraphBuilder(ValueShape input) => Input = new(NetworkGraph.Images, input);

    /// <summary>The images.</summary>
    public Operand Input { get; }

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
            _ = shape.Count; // Refuses what is too large.
            if (Array.TrueForAll(inputs, input => input.Constant is not null))
            {
                using var inference = no_grad();
                return Constant(name, operation.Run([.. inputs.Select(input => input.Constant!)], isTraining: false));
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
    private Operand Known(Operand operand) => operand is { Constant: null, Sizes: { } sizes }
        ? sizes.Any(size => size.IsPerImage)
            ? throw new InvalidDataException($"Its input '{operand.Name}' is computed from the number of images.")
            : Constant(operand.Name, tensor([.. sizes.Select(size => size.Count)], operand.Shape.At(0), ScalarType.Int64))
        : operand;

    private string Unique(string name)
    {
        var unique = name.Length == 0 ? "value" : name;
        for (var i = 1; !_names.Add(unique); i++)
        {
            unique = $"{name}_{i}";
        }

        return unique;
    }
}
