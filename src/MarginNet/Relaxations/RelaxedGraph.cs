using MarginNet.Bounds;
using MarginNet.Graph;
using MarginNet.Graph.Operations;
using static TorchSharp.torch;

namespace MarginNet.Relaxations;

/// <summary>
/// A network as bounds see it: affine maps and curves, its constants in one type. Value 0 is the images, value i + 1 that of step i.
/// </summary>
internal sealed class RelaxedGraph : IDisposable
{
    private const long FewTerms = 8; // Of what computes each number of one.
    private const int Many = 2;

    private readonly List<Tensor> _owned = [];
    private readonly Dictionary<(int Step, int Input), double> _norms = [];
    private readonly bool[] _isAffine; // Of each step.
    private readonly bool _isTrained; // Whether its tensors are the network's own.

    private RelaxedGraph(NetworkGraph graph, ScalarType type, bool isTrained)
    {
        Type = type;
        Input = graph.Input;
        _isTrained = isTrained;
        using var scope = NewDisposeScope();
        using var inference = isTrained ? null : no_grad();
        var constants = graph.Parameters.ToDictionary(parameter => parameter.Name, parameter => Own(parameter.Value));
        var shapes = new Dictionary<string, ValueShape> { [NetworkGraph.Images] = graph.Input };
        var places = new Dictionary<string, int> { [NetworkGraph.Images] = 0 };
        var steps = new List<RelaxedStep>();
        foreach (var node in graph.Nodes)
        {
            var inputs = Array.ConvertAll([.. node.Inputs], name => constants.TryGetValue(name, out var value)
                ? ValueShape.Of(value.shape) : shapes[name]);
            var layer = new LayerNode(node, inputs, [.. node.Inputs.Select(constants.GetValueOrDefault)],
                (_, value) => OperatorNorm.Precise(value));
            steps.Add(Step(layer, [.. node.Inputs.Where(places.ContainsKey).Select(name => places[name])]));
            shapes[node.Name] = node.Shape;
            places[node.Name] = steps.Count;
        }

        Steps = [.. steps];
        Output = places[graph.Output];
        _isAffine = new bool[Steps.Length];
        for (var i = 0; i < Steps.Length; i++)
        {
            _isAffine[i] = Steps[i] is { Curve: null, IsProduct: false } && Steps[i].Data.All(IsAffine);
        }

        LargestValue = Enumerable.Range(0, Steps.Length + 1).Max(value => ShapeOf(value).Count.Count);
    }

    /// <summary>The type of all real numbers in it.</summary>
    public ScalarType Type { get; }

    /// <summary>The shape of the images.</summary>
    public ValueShape Input { get; }

    /// <summary>The steps, each behind those whose values it takes.</summary>
    public RelaxedStep[] Steps { get; }

    /// <summary>The value that the scores are.</summary>
    public int Output { get; }

    /// <summary>The number of scores.</summary>
    public int OutputCount => (int)ShapeOf(Output).Count.Count;

    /// <summary>The largest value that it has, in numbers of one image.</summary>
    public long LargestValue { get; }

    /// <summary>Prepares a graph in evaluation mode.</summary>
    /// <param name="graph">The graph; its tensors are copied.</param>
    /// <param name="type">The type of its numbers.</param>
    /// <exception cref="NotSupportedException">Of an operation no bounds are known; the message names it.</exception>
    public static RelaxedGraph Of(NetworkGraph graph, ScalarType type)
    {
        using var scope = NewDisposeScope();
        return new(Simplified(graph, isTrained: false), type, isTrained: false);
    }

    /// <summary>The same, of tensors that are the graph's own: bounds are differentiable in them. They prove nothing.</summary>
    /// <inheritdoc cref="Of"/>
    public static RelaxedGraph OfTrained(NetworkGraph graph, ScalarType type)
    {
        using var scope = NewDisposeScope();
        return new(Simplified(graph, isTrained: true), type, isTrained: true);
    }

    /// <summary>The shape of a value.</summary>
    public ValueShape ShapeOf(int value) => value == 0 ? Input : Steps[value - 1].Shape;

    /// <summary>A proven bound of the ℓ2 norm of an affine step in one of the values that it takes; +∞ where none is known.</summary>
    public double Norm(int step, int input)
    {
        if (!_norms.TryGetValue((step, input), out var norm))
        {
            _norms[(step, input)] = norm = StepNorm.Of(Steps[step], input);
        }

        return norm;
    }

    /// <summary>Whether a value is an affine map of the images.</summary>
    public bool IsAffine(int value) => value == 0 || _isAffine[value - 1];

    /// <summary>Whether a value is one sum of each image's numbers, up to scaling and shifting: no bounds in a box are better than
    /// intervals.</summary>
    public bool IsOneSum(int value) => Sums(value) <= 1;

    private int Sums(int value) => value == 0 ? 0
        : Steps[value - 1] is { Curve: null, IsProduct: false, Data: [var only] } step ? Sums(only) + (step.Terms > FewTerms ? 1 : 0)
        : Many;

    /// <summary>The scores of images in this type, shape [N, C].</summary>
    public Tensor Run(Tensor images)
    {
        using var scope = NewDisposeScope();
        var values = new Tensor[Steps.Length + 1];
        values[0] = images.to(Type).reshape(Input.At(images.shape[0]));
        for (var i = 0; i < Steps.Length; i++)
        {
            values[i + 1] = Steps[i].Run([.. Steps[i].Data.Select(place => values[place])]);
        }

        return values[Output].flatten(1).MoveToOuterDisposeScope();
    }

    public void Dispose() => _owned.ForEach(tensor => tensor.Dispose());

    private RelaxedStep Step(LayerNode layer, int[] data)
    {
        var operation = layer.Operation;
        if (layer.Shapes.Where((_, i) => !layer.IsStored(i)).Append(layer.Shape).Any(shape =>
            shape.Rank < 1 || shape[0] != Dimension.Batch || shape.Sizes.Skip(1).Any(size => size.IsPerImage)))
        {
            throw Unknown(layer, "whose values are not one for each image");
        }

        if (operation.IsAffine(layer))
        {
            var zero = layer.Shapes.Where((_, i) => !layer.IsStored(i)).Select(shape => zeros(shape.At(1), Type));
            var bias = operation.Run(layer.With([.. zero]), isTraining: false);
            return new(layer, [.. data], null, _isTrained || bias.any().item<bool>() ? Own(bias) : null, operation.Terms(layer)) { Type = Type };
        }

        if (operation is Mul && data.Length == 2 && layer.Shapes.All(shape => shape.Rank == layer.Shape.Rank))
        {
            return new(layer, [.. data], null, null, operation.Terms(layer) + 2) { IsProduct = true, Type = Type };
        }

        return operation.Curve is { } curve && data.Length == 1 && layer.HasOneInput()
            ? new(layer, [.. data], curve, null, 1) { Type = Type }
            : throw Unknown(layer, "of which no bounds are known");
    }

    private Tensor Own(Tensor value)
    {
        if (_isTrained)
        {
            var same = (value.is_floating_point() ? value.to(Type) : value).alias().DetachFromDisposeScope();
            _owned.Add(same);
            return same;
        }

        var own = (value.is_floating_point() ? value.detach().cpu().to(Type) : value.detach().cpu())
            .clone().contiguous().DetachFromDisposeScope();
        _owned.Add(own);
        return own;
    }

    private static NotSupportedException Unknown(LayerNode layer, string why) =>
        new($"Layer '{layer.Name}' is a {layer.Operation.Kind} {why}: no certificate can be had of this network by this method.");

    /// <summary>The graph with each operation that is made of simpler ones taken apart, and each function that is written as several
    /// put together.</summary>
    private static NetworkGraph Simplified(NetworkGraph graph, bool isTrained)
    {
        var activations = new WrittenActivations(graph);
        if (!graph.Nodes.Any(node => IsComposed(node.Operation) || activations.Of(node) is not null))
        {
            return graph;
        }

        using var inference = isTrained ? null : no_grad();
        var builder = new GraphBuilder(graph.Input) { MostComputed = long.MaxValue };
        var values = graph.Parameters.ToDictionary(
            parameter => parameter.Name, parameter => builder.Constant(parameter.Name, parameter.Value));
        values[NetworkGraph.Images] = builder.Input;
        foreach (var node in graph.Nodes)
        {
            Operand[] inputs = [.. node.Inputs.Select(name => values[name])];
            values[node.Name] = activations.Of(node)?.Invoke(builder, values)
                ?? node.Operation.Simplify(builder, node.Name, inputs) ?? builder.Add(node.Name, node.Operation, inputs);
        }

        return builder.ToGraph(values[graph.Output]);
    }

    private static bool IsComposed(Operation operation) =>
        operation.GetType().GetMethod(nameof(Operation.Simplify))!.DeclaringType != typeof(Operation);
}
