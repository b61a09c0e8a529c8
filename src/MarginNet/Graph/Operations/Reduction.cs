using System.Collections.Immutable;
using MarginNet.Bounds;
using MarginNet.Graph.Onnx;
using static TorchSharp.torch;

namespace MarginNet.Graph.Operations;

/// <summary>One number of all along some axes. The axis of the images is none of them: scores are of one image each.</summary>
/// <param name="Axes">The axes, from 0.</param>
/// <param name="KeepsAxes">Whether they stay, of size 1.</param>
internal abstract record Reduction(ImmutableArray<int> Axes, bool KeepsAxes) : Operation
{
    protected sealed override IEnumerable<(string Name, object Value)> Attributes =>
        TakesAxes ? [Keeps] : [("axes", LongAxes), Keeps];

    /// <summary>Whether ONNX's set 13 takes the axes as an input. Default false.</summary>
    protected virtual bool TakesAxes => false;

    private (string Name, object Value) Keeps => ("keepdims", KeepsAxes ? 1L : 0);

    /// <summary>Reads a node; where it names no axes, all are meant, or none where it says so.</summary>
    protected static Operand[] Read(OnnxNode node, GraphBuilder graph, Func<ImmutableArray<int>, bool, Reduction> make)
    {
        var x = node.Input(0);
        var named = node.IntegersOf("axes", 1) ?? [];
        if (named.Length == 0 && node.Integer("noop_with_empty_axes", 0) != 0)
        {
            return [x];
        }

        int[] axes = named.Length == 0 ? [.. Enumerable.Range(0, x.Shape.Rank)]
            : Array.ConvertAll(named, axis => OnnxNode.Axis(axis, x.Shape.Rank));
        return axes.Distinct().Count() == axes.Length
            ? [graph.Add(node.Name, make([.. axes.Order()], node.Integer("keepdims", 1) != 0), x)]
            : throw new InvalidDataException($"Its axes are [{string.Join(", ", named)}]: expected each once.");
    }

    public sealed override ValueShape Shape(ValueShape[] inputs)
    {
        if (inputs is not [var x] || Axes.Any(axis => axis >= x.Rank || x[axis].Count == 0))
        {
            throw Misfit(inputs, $"one input with numbers along the axes {string.Join(", ", Axes)}");
        }

        if (Axes.Any(axis => x[axis].IsPerImage))
        {
            throw new InvalidDataException(
                $"It reduces {x} along the axis of the images, by which their scores would depend on one another.");
        }

        var sizes = x.Sizes.Select((size, axis) => Axes.Contains(axis) ? 1 : size);
        return new([.. sizes.Where((_, axis) => KeepsAxes || !Axes.Contains(axis))]);
    }

    public sealed override void Write(OnnxWriter writer, string name, string[] inputs) => writer.Node(
        Kind, name, TakesAxes ? [inputs[0], writer.Constant($"{name}/axes", tensor(LongAxes))] : inputs, [.. Attributes]);

    public sealed override Tensor Run(Tensor[] inputs, bool isTraining) => Run(inputs[0], LongAxes);

    protected abstract Tensor Run(Tensor input, long[] axes);

    /// <summary>The same of simpler operations, by a function of two.</summary>
    protected Operand Simplify(BinaryOperation operation, GraphBuilder graph, string name, Operand x)
    {
        var shape = Shape([x.Shape]);
        x = Axes.Aggregate(x, (value, axis) => BinaryOperation.Along(operation, name, value, axis, graph));
        return graph.Add(name, new Reshape(shape), x);
    }

    /// <summary>What follows a pooling of all of each channel, where it is that; else null.</summary>
    protected IReadOnlyList<Layer>? OfPlane(LayerNode node) => Rearrangement.Shape(node.Shapes[0]) is null
        || !Axes.SequenceEqual(Enumerable.Range(2, node.Shapes[0].Rank - 2)) || Axes.IsEmpty ? null
        : KeepsAxes ? [] : [new FlattenLayer(node.Name)];

    private long[] LongAxes => Array.ConvertAll([.. Axes], axis => (long)axis);
}
