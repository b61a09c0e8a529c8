using MarginNet.Checkpoints;
using MarginNet.Graph.Onnx;
using static TorchSharp.torch;

namespace MarginNet.Graph;

/// <summary>Graphs as plain values, without the numbers of their parameters, as a model file has them.</summary>
internal static class GraphDescription
{
    private const string Image = "image";
    private const string Parameters = "parameters";
    private const string Nodes = "nodes";
    private const string Output = "output";
    private const string Name = "name";
    private const string Operation = "operation";
    private const string Inputs = "inputs";
    private const string Attributes = "attributes";

    /// <summary>The shape of an image, the names of the parameters, the nodes and the name of the scores.</summary>
    public static Dictionary<string, object?> ToPlain(NetworkGraph graph) => new()
    {
        [Image] = graph.Input.Sizes.Skip(1).Select(size => (object?)size.Count).ToList(),
        [Parameters] = graph.Parameters.Select(parameter => (object?)parameter.Name).ToList(),
        [Nodes] = graph.Nodes.Select(ToPlain).ToList<object?>(),
        [Output] = graph.Output,
    };

    /// <summary>The names of the parameters of a graph.</summary>
    public static string[] ParameterNames(PlainDictionary values) => values.Texts(Parameters);

    /// <summary>The graph that is described, as the reader of ONNX files takes it.</summary>
    /// <param name="values">The description.</param>
    /// <param name="parameters">The tensors of its parameters.</param>
    /// <exception cref="InvalidDataException">It is damaged, or no graph that an ONNX file could have.</exception>
    public static NetworkGraph FromPlain(PlainDictionary values, IReadOnlyList<Tensor> parameters)
    {
        using var scope = NewDisposeScope();
        var names = values.Texts(Parameters);
        var image = Array.ConvertAll(values.Numbers(Image), size => size is >= 1 and <= int.MaxValue && size == Math.Floor(size)
            ? (long)size : throw values.Unexpected(Image, "sizes above 0"));
        var known = names.Append(NetworkGraph.Images).ToHashSet();
        var nodes = new List<Node>();
        foreach (var node in values.Values.GetValueOrDefault(Nodes) is List<object?> { Count: 0 } ? [] : values.Dictionaries(Nodes))
        {
            var (name, inputs) = (node.Text(Name), node.Texts(Inputs));
            if (Array.Find(inputs, input => !known.Contains(input)) is { } missing)
            {
                throw new InvalidDataException(
                    $"Node {FileText.Quote(name)}: its input {FileText.Quote(missing)} is computed by no node before it.");
            }

            known.Add(name);
            nodes.Add(new(name, OperationDescription.FromPlain(node.Text(Operation), node.Dictionary(Attributes)), [.. inputs], new([])));
        }

        if (known.Count != 1 + names.Length + nodes.Count || !known.Contains(values.Text(Output)))
        {
            throw values.Unexpected(Output, "the name of a value, and no name twice");
        }

        var input = new ValueShape([Dimension.Batch, .. image.Select(size => new Dimension(size))]);
        var draft = new NetworkGraph(
            input, [.. names.Zip(parameters, (name, value) => new GraphParameter(name, value, ParameterRole.Constant))], [.. nodes],
            values.Text(Output));
        // The reader checks every attribute and shape.
        var file = OnnxWriter.Write(draft, [], new Dictionary<string, string>());
        _ = OnnxReader.Read(file, null, keepsSoftmax: true, constants: draft.Parameters);
        return Build(draft);
    }

    private static Dictionary<string, object?> ToPlain(Node node)
    {
        var (operation, attributes) = OperationDescription.ToPlain(node.Operation);
        return new()
        {
            [Name] = node.Name,
            [Operation] = operation,
            [Inputs] = node.Inputs.ToList<object?>(),
            [Attributes] = attributes,
        };
    }

    /// <summary>The same with the shapes of its values and the roles of its parameters.</summary>
    private static NetworkGraph Build(NetworkGraph draft)
    {
        var builder = new GraphBuilder(draft.Input);
        var values = new Dictionary<string, Operand> { [NetworkGraph.Images] = builder.Input };
        foreach (var parameter in draft.Parameters)
        {
            values[parameter.Name] = builder.Constant(parameter.Name, parameter.Value);
        }

        foreach (var node in draft.Nodes)
        {
            values[node.Name] = builder.Add(node.Name, node.Operation, [.. node.Inputs.Select(input => values[input])]);
        }

        var graph = builder.ToGraph(values[draft.Output]);
        return (graph.Nodes.Length, graph.Parameters.Length) == (draft.Nodes.Length, draft.Parameters.Length)
            ? graph
            : throw new InvalidDataException("It has nodes or parameters that its scores do not need.");
    }
}
