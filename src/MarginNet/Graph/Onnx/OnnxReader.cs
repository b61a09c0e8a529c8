using MarginNet.Checkpoints;
using Onnx;

namespace MarginNet.Graph.Onnx;

/// <summary>Reads ONNX files as graphs.</summary>
internal sealed class OnnxReader
{
    private const long OldestSet = 7;
    private const long NewestSet = 24;
    private const int MostNested = 16;
    private const long UsuallyComputed = 1 << 24;

    private readonly long _set;
    private readonly long? _batch;
    private readonly GraphBuilder _builder;

    private OnnxReader(GraphBuilder builder, long set, long? batch) => (_builder, _set, _batch) = (builder, set, batch);

    /// <summary>Reads the network of a file, from its only input to one of its outputs.</summary>
    /// <param name="model">The file's content.</param>
    /// <param name="image">The shape of one image, for sizes that the file leaves open: channels first, which the file may have last,
    /// and the graph then has too. Null where the file leaves none open.</param>
    /// <param name="output">The output; null for the first.</param>
    /// <param name="keepsSoftmax">Whether a softmax at the end stays. Default false: it is taken off, since margins are of logits.</param>
    /// <param name="notes">Takes a sentence for each thing that was read otherwise than it is written.</param>
    /// <param name="constants">Tensors by name, beside those of the file. Default none.</param>
    /// <returns>The graph; its tensors belong to the dispose scope.</returns>
    /// <exception cref="InvalidDataException">It is damaged, or has an operator that is not known; the message names the node.</exception>
    public static NetworkGraph Read(
        ModelProto model, IReadOnlyList<long>? image, string? output = null, bool keepsSoftmax = false, ICollection<string>? notes = null,
        IReadOnlyList<GraphParameter>? constants = null)
    {
        var set = model.OpsetImport.FirstOrDefault(import => import.Domain is "" or "ai.onnx")?.Version ?? 0;
        if (set is < OldestSet or > NewestSet)
        {
            throw new InvalidDataException($"It is of operator set {set}: expected {OldestSet} to {NewestSet}.");
        }

        var graph = model.Graph ?? throw new InvalidDataException("It has no graph.");
        var input = OnnxInput.Of(graph, image);
        output ??= graph.Output.Count > 0 ? graph.Output[0].Name : throw new InvalidDataException("It has no output.");
        var order = new OnnxOrder(graph, [input.Name, .. (constants ?? []).Select(constant => constant.Name)]);
        if (!keepsSoftmax && order.BeforeSoftmax(output) is { } logits)
        {
            notes?.Add("A softmax at the end was taken off: margins are of logits.");
            output = logits;
        }

        // What a file computes of its constants is seldom more than they are.
        var builder = new GraphBuilder(input.Shape) { MostComputed = UsuallyComputed + model.CalculateSize() };
        var values = new Dictionary<string, Operand> { [input.Name] = builder.Input };
        foreach (var constant in constants ?? [])
        {
            values[constant.Name] = builder.Constant(constant.Name, constant.Value);
        }

        var reader = new OnnxReader(builder, set, input.Batch);
        reader.ReadAll(graph, order.To([output]), values, depth: 0);
        if (!values.TryGetValue(output, out var scores) || !scores.IsData)
        {
            throw new InvalidDataException($"Its output {FileText.Quote(output)} is not computed of the images.");
        }

        return builder.ToGraph(scores);
    }

    /// <summary>Reads the constants and nodes of a graph into the values that there are.</summary>
    private void ReadAll(GraphProto graph, IReadOnlyList<NodeProto> nodes, Dictionary<string, Operand> values, int depth)
    {
        var needed = nodes.SelectMany(node => node.Input).Concat(nodes.SelectMany(OnnxOrder.NamesWithin)).ToHashSet();
        foreach (var tensor in graph.Initializer.Where(tensor => needed.Contains(tensor.Name)))
        {
            values[tensor.Name] = _builder.Constant(tensor.Name, OnnxTensor.Read(tensor));
        }

        foreach (var node in nodes)
        {
            try
            {
                foreach (var (name, value) in node.Output.Zip(Read(node, values, depth)))
                {
                    // A list of sizes without the number of images is a constant like others.
                    values[name] = value.Sizes is { } sizes && !sizes.Any(size => size.IsPerImage) ? _builder.Known(value) : value;
                }
            }
            catch (InvalidDataException e) when (!e.Message.StartsWith("Node ", StringComparison.Ordinal))
            {
                throw new InvalidDataException($"{OnnxOrder.Describe(node)}: {e.Message}", e);
            }
        }
    }

    private Operand[] Read(NodeProto proto, Dictionary<string, Operand> values, int depth)
    {
        Operand?[] inputs = [.. proto.Input.Select(input => input.Length == 0 ? null : values.GetValueOrDefault(input)
            ?? throw new InvalidDataException($"Its input {FileText.Quote(input)} is an output that is not computed here."))];
        var node = new OnnxNode(proto, inputs, _set, _batch);
        if (proto.Domain is not ("" or "ai.onnx"))
        {
            throw new InvalidDataException($"Its operator, of domain {FileText.Quote(proto.Domain)}, is not known here.");
        }

        if (proto.OpType == "If")
        {
            return ReadBranch(node, proto, values, depth);
        }

        var known = OnnxOperators.Find(proto.OpType) ?? throw new InvalidDataException("Its operator is not known here.");
        return ShapeArithmetic.Compute(node) is { } sizes ? [sizes] : known(node, _builder);
    }

    /// <summary>The values of the branch that is taken whatever the images are.</summary>
    private Operand[] ReadBranch(OnnxNode node, NodeProto proto, Dictionary<string, Operand> values, int depth)
    {
        var name = OnnxNode.KnownNumber(node.Input(0)) != 0 ? "then_branch" : "else_branch";
        var branch = proto.Attribute.FirstOrDefault(attribute => attribute.Name == name)?.G
            ?? throw new InvalidDataException($"It has no attribute '{name}'.");
        if (depth >= MostNested)
        {
            throw new InvalidDataException($"It is inside {depth} others.");
        }

        var own = new Dictionary<string, Operand>(values);
        string[] outputs = [.. branch.Output.Select(output => output.Name)];
        ReadAll(branch, new OnnxOrder(branch, values.Keys).To(outputs), own, depth + 1);
        return Array.ConvertAll(outputs, output => own.TryGetValue(output, out var value) ? value
            : throw new InvalidDataException($"Its output {FileText.Quote(output)} is computed by no node."));
    }
}
