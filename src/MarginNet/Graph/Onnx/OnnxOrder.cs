using MarginNet.Checkpoints;
using Onnx;

namespace MarginNet.Graph.Onnx;

/// <summary>The nodes of a graph by what they compute.</summary>
internal sealed class OnnxOrder
{
    private readonly HashSet<string> _given;
    private readonly Dictionary<string, NodeProto> _producers = [];

    /// <param name="graph">The graph.</param>
    /// <param name="given">The names of values from outside it.</param>
    /// <exception cref="InvalidDataException">Two values have one name.</exception>
    public OnnxOrder(GraphProto graph, params IEnumerable<string> given)
    {
        _given = [.. given];
        foreach (var tensor in graph.Initializer)
        {
            if (!_given.Add(tensor.Name))
            {
                throw new InvalidDataException($"Two of its values are named {FileText.Quote(tensor.Name)}.");
            }
        }

        foreach (var node in graph.Node)
        {
            foreach (var output in node.Output.Where(output => output.Length > 0))
            {
                if (_given.Contains(output) || !_producers.TryAdd(output, node))
                {
                    throw new InvalidDataException($"{Describe(node)}: its value {FileText.Quote(output)} has the name of another.");
                }
            }
        }
    }

    /// <summary>Such as <c>Node 'conv1' (Conv)</c>.</summary>
    public static string Describe(NodeProto node) =>
        $"Node {FileText.Quote(node.Name.Length > 0 ? node.Name : node.Output.FirstOrDefault() ?? "")} ({FileText.Show(node.OpType)})";

    /// <summary>The input of a softmax that a value is; null where it is none.</summary>
    public string? BeforeSoftmax(string value)
    {
        for (var steps = 0; steps <= _producers.Count && _producers.TryGetValue(value, out var node) && node.Input.Count == 1; steps++)
        {
            if (node is { OpType: "Softmax" or "LogSoftmax", Domain: "" or "ai.onnx" })
            {
                return node.Input[0];
            }

            if (node.OpType != "Identity")
            {
                return null;
            }

            value = node.Input[0];
        }

        return null;
    }

    /// <summary>The nodes that values need, each behind those whose values it takes; files are to have them so, and not all do.</summary>
    /// <exception cref="InvalidDataException">A value is missing, or needs itself.</exception>
    public List<NodeProto> To(IEnumerable<string> values)
    {
        var ordered = new List<NodeProto>();
        // Those begun: whether what they need is under way.
        var isOpen = new Dictionary<NodeProto, bool>(ReferenceEqualityComparer.Instance);
        var path = new Stack<(NodeProto Node, IEnumerator<string> Inputs)>();
        void Begin(NodeProto node)
        {
            isOpen.Add(node, true);
            path.Push((node, node.Input.Where(input => input.Length > 0)
                .Concat(NamesWithin(node).Where(_producers.ContainsKey)).GetEnumerator()));
        }

        foreach (var start in values.Where(_producers.ContainsKey).Select(value => _producers[value])
            .Where(node => !isOpen.ContainsKey(node)))
        {
            Begin(start);
            while (path.TryPeek(out var top))
            {
                if (!top.Inputs.MoveNext())
                {
                    path.Pop();
                    isOpen[top.Node] = false;
                    ordered.Add(top.Node);
                }
                else if (_producers.TryGetValue(top.Inputs.Current, out var before))
                {
                    if (!isOpen.TryGetValue(before, out var isUnderWay))
                    {
                        Begin(before);
                    }
                    else if (isUnderWay)
                    {
                        throw new InvalidDataException($"{Describe(before)}: its value is computed of itself.");
                    }
                }
                else if (!_given.Contains(top.Inputs.Current))
                {
                    throw new InvalidDataException(
                        $"{Describe(top.Node)}: its input {FileText.Quote(top.Inputs.Current)} is computed by no node.");
                }
            }
        }

        return ordered;
    }

    /// <summary>The names in graphs that a node has inside, which may be of values outside.</summary>
    public static IEnumerable<string> NamesWithin(NodeProto node)
    {
        var graphs = new Stack<GraphProto>(node.Attribute.Where(attribute => attribute.G is not null).Select(attribute => attribute.G));
        while (graphs.TryPop(out var graph))
        {
            foreach (var name in graph.Node.SelectMany(inner => inner.Input).Concat(graph.Output.Select(output => output.Name)))
            {
                yield return name;
            }

            foreach (var inner in graph.Node.SelectMany(each => each.Attribute).Where(attribute => attribute.G is not null))
            {
                graphs.Push(inner.G);
            }
        }
    }
}
