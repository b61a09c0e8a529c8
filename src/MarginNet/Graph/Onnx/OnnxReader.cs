using MarginNet.Checkpoints;
using Onnx;

namespace MarginNet.Graph.Onnx;

/// <summary>Reads ONNX files as graphs.</summary>
internal static class OnnxReader
{
    private const long OldestSet = 7;
    private const long NewestSet = 24;

    /// <summary>Reads the network of a file, from its only input to one of its outputs.</summary>
    /// <param name="model">The file's content.</param>
    /// <param name="input">The shape of one image, for sizes that the file leaves open.</param>
    /// <param name="output">The output; null for the first.</param>
    /// <param name="constants">Tensors by name, beside those of the file. Default none.</param>
    /// <returns>The graph; its tensors belong to the dispose scope.</returns>
    /// <exception cref="InvalidDataException">It is damaged, or has an operator that is not known; the message names the node.</exception>
    public static NetworkGraph Read(
        ModelProto model, IReadOnlyList<long> input, string? output = null, IEnumerable<GraphParameter>? constants = null)
    {
        var set = model.OpsetImport.FirstOrDefault(import => import.Domain is "" or "ai.onnx")?.Version ?? 0;
        if (set is < OldestSet or > NewestSet)
        {
            throw new InvalidDataException($"It is of operator set {set}: expected {OldestSet} to {NewestSet}.");
        }

        var graph = model.Graph ?? throw new InvalidDataException("It has no graph.");
        var builder = new GraphBuilder(Input(graph, input, out var name));
        var values = new Dictionary<string, Operand> { [name] = builder.Input };
        foreach (var tensor in graph.Initializer)
        {
            values[tensor.Name] = builder.Constant(tensor.Name, OnnxTensor.Read(tensor));
        }

        foreach (var constant in constants ?? [])
        {
            values[constant.Name] = builder.Constant(constant.Name, constant.Value);
        }

        foreach (var node in InOrder(graph, values.Keys))
        {
            Read(node, set, builder, values);
        }

        output ??= graph.Output.Count > 0 ? graph.Output[0].Name : throw new InvalidDataException("It has no output.");
        return values.TryGetValue(output, out var scores)
            ? builder.ToGraph(scores)
            : throw new InvalidDataException($"Its output '{FileText.Show(output)}' is computed by no node.");
    }

    private static void Read(NodeProto proto, long set, GraphBuilder builder, Dictionary<string, Operand> values)
    {
        try
        {
            var known = proto.Domain is "" or "ai.onnx" ? OnnxOperators.Find(proto.OpType) : null;
            if (known is null)
            {
                throw new InvalidDataException("Its operator is not known here.");
            }

            var inputs = proto.Input.Select(input => input.Length == 0 ? null : values.GetValueOrDefault(input)
                ?? throw new InvalidDataException($"Its input '{FileText.Show(input)}' is an output that is not computed here.")).ToArray();
            var outputs = known(new(proto, inputs, set), builder);
            foreach (var (output, value) in proto.Output.Zip(outputs))
            {
                values[output] = value;
            }
        }
        catch (InvalidDataException e) when (!e.Message.StartsWith("Node ", StringComparison.Ordinal))
        {
            throw new InvalidDataException(
                $"Node '{FileText.Show(proto.Name.Length > 0 ? proto.Name : proto.Output.FirstOrDefault() ?? "")}' " +
                $"({FileText.Show(proto.OpType)}): {e.Message}", e);
        }
    }

    /// <summary>The nodes, each behind those whose values it takes; files are to have them so, and not all do.</summary>
    private static List<NodeProto> InOrder(GraphProto graph, IEnumerable<string> known)
    {
        var have = new HashSet<string>(known);
        var waiting = graph.Node.ToList();
        var ordered = new List<NodeProto>();
        while (waiting.Count > 0)
        {
            var later = new List<NodeProto>();
            foreach (var node in waiting)
            {
                if (node.Input.All(input => input.Length == 0 || have.Contains(input)))
                {
                    ordered.Add(node);
                    have.UnionWith(node.Output);
                }
                else
                {
                    later.Add(node);
                }
            }

            waiting = later.Count < waiting.Count ? later
                : throw new InvalidDataException($"Node '{FileText.Show(waiting[0].Name)}' ({FileText.Show(waiting[0].OpType)}): "
                    + $"its input '{FileText.Show(waiting[0].Input.First(input => input.Length > 0 && !have.Contains(input)))}' "
                    + "is computed by no node before it.");
        }

        return ordered;
    }

    private static ValueShape Input(GraphProto graph, IReadOnlyList<long> image, out string name)
    {
        var weights = graph.Initializer.Select(tensor => tensor.Name).ToHashSet(); // Old files list weights among the inputs.
        ValueInfoProto[] inputs = [.. graph.Input.Where(value => !weights.Contains(value.Name))];
        if (inputs is not [{ Type.TensorType: { } type } only])
        {
            throw new InvalidDataException($"It has {inputs.Length} inputs: expected one, images.");
        }

        name = only.Name;
        return new([Dimension.Batch, .. image.Select(size => new Dimension(size))]);
    }
}
