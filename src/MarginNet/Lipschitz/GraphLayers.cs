using MarginNet.Bounds;
using MarginNet.Graph;
using static TorchSharp.torch;

namespace MarginNet.Lipschitz;

/// <summary>
/// Graphs as lists of layers, in evaluation mode: a chain of layers where each value depends on one, and where branches meet again one
/// layer for all of them, from the last value that they share.
/// </summary>
internal sealed class GraphLayers
{
    private const int MostLayers = 1 << 14; // Branches that share parts are as long as they are often.

    private readonly NetworkGraph _graph;
    private readonly Func<string, Tensor, Tensor> _take;
    private readonly bool _isTraining;
    private readonly Dictionary<string, Tensor> _stored;
    private readonly Dictionary<string, int> _places; // Of values that depend on the images: 0 of these, and from 1 on the nodes.
    private readonly int[][] _inputs; // Those places of each node's inputs.
    private readonly int[] _dominators; // Of each place: the last value before it that it depends on alone.
    private int _count;

    private GraphLayers(NetworkGraph graph, IReadOnlyList<Tensor> parameters, Func<string, Tensor, Tensor> take, bool isTraining = false)
    {
        (_graph, _take, _isTraining) = (graph, take, isTraining);
        _stored = graph.Parameters.Zip(parameters).ToDictionary(pair => pair.First.Name, pair => pair.Second);
        _places = graph.Nodes.Select((node, i) => (node.Name, i)).ToDictionary(node => node.Name, node => node.i + 1);
        _places.Add(NetworkGraph.Images, 0);
        _inputs = [.. graph.Nodes.Select(node => node.Inputs.Where(_places.ContainsKey).Select(name => _places[name]).ToArray())];
        _dominators = new int[graph.Nodes.Length + 1];
        for (var i = 0; i < _inputs.Length; i++)
        {
            _dominators[i + 1] = _inputs[i].Aggregate(Common); // What does not depend on the images is no node.
        }
    }

    /// <summary>The layers in float64 on the CPU.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="parameters">The tensors of its parameters, or others in their place.</param>
    /// <exception cref="NotSupportedException">A node has no known constant; the message names it.</exception>
    /// <exception cref="InvalidDataException">A weight is NaN or infinite.</exception>
    public static List<Layer> Of(NetworkGraph graph, IReadOnlyList<Tensor> parameters) =>
        new GraphLayers(graph, parameters, Finite).All();

    /// <summary>The layers with weights as they are in training: float32, on their device, and differentiable; not checked.</summary>
    /// <exception cref="NotSupportedException">A node has no known constant; the message names it.</exception>
    public static List<Layer> InTraining(NetworkGraph graph, IReadOnlyList<Tensor> parameters, Device device) =>
        new GraphLayers(graph, parameters, (_, weight) => weight.to(ScalarType.Float32, device), isTraining: true).All();

    private List<Layer> All() => _places.TryGetValue(_graph.Output, out var output) ? Between(0, output)
        : throw new NotSupportedException("The scores do not depend on the images.");

    /// <summary>The layers that lead from one value to another, which depends on it alone.</summary>
    private List<Layer> Between(int from, int to)
    {
        var joints = new Stack<int>();
        for (var place = to; place != from; place = _dominators[place])
        {
            joints.Push(place);
        }

        var layers = new List<Layer>();
        foreach (var place in joints)
        {
            foreach (var layer in Layers(_graph.Nodes[place - 1], _inputs[place - 1], _dominators[place]))
            {
                Append(layers, layer);
                if (++_count > MostLayers)
                {
                    throw new NotSupportedException(
                        $"Layer '{layer.Name}' and others are in more branches than can be followed, so that no constant is proven.");
                }
            }
        }

        return layers;
    }

    private IReadOnlyList<Layer> Layers(Node node, int[] inputs, int start)
    {
        var asked = new LayerNode(node, Shapes(node), Stored(node), _take) { IsTraining = _isTraining };
        var layers = inputs.Length == 1 ? node.Operation.Layers(asked)
            : inputs.Length == node.Inputs.Length
                && node.Operation.Join(asked, [.. inputs.Select(input => Between(start, input))]) is { } joint ? [joint]
            : null;
        return layers ?? throw new NotSupportedException(
            $"Layer '{node.Name}' is a {node.Operation.Kind} whose Lipschitz constant, with its settings, is not known: it is refused, "
            + "since taking it as 1 would certify what is not proven.");
    }

    /// <summary>Adds a layer behind others; what works on the same numbers one after another may be one.</summary>
    private static void Append(List<Layer> layers, Layer layer)
    {
        switch (layers.LastOrDefault(), layer)
        {
            case (ChannelScaleLayer { IsTranslation: true, Mean: { } mean }, ChannelScaleLayer { Mean: null, Shift: null } scale):
                layers[^1] = scale with { Mean = mean, IsNormalization = true };
                break;
            case (RearrangementLayer { LiveChannels: { } live }, SllLayer { Map: ConvolutionLayer map } sll):
                layers.Add(sll with { Map = map with { LiveChannels = live } });
                break;
            default:
                layers.Add(layer);
                break;
        }
    }

    /// <summary>The last value that two depend on alone.</summary>
    private int Common(int left, int right)
    {
        while (left != right)
        {
            (left, right) = left > right ? (_dominators[left], right) : (left, _dominators[right]);
        }

        return left;
    }

    private ValueShape[] Shapes(Node node) => [.. node.Inputs.Select(name => _places.TryGetValue(name, out var place)
        ? place == 0 ? _graph.Input : _graph.Nodes[place - 1].Shape
        : ValueShape.Of(_stored[name].shape))];

    private Tensor?[] Stored(Node node) => [.. node.Inputs.Select(name => _stored.GetValueOrDefault(name))];

    private static Tensor Finite(string name, Tensor weight)
    {
        var precise = OperatorNorm.Precise(weight);
        return precise.isfinite().all().item<bool>()
            ? precise
            : throw new InvalidDataException(
                $"Layer '{name}' has a weight that is NaN or infinite: its training diverged, or the file is damaged.");
    }
}
