using MarginNet.Graph.Onnx;
using static TorchSharp.torch;

namespace MarginNet.Graph.Operations;

/// <summary>Numbers of one axis at places that are known, which take the axis' place in the shape.</summary>
/// <remarks>Inputs: x, and the places, integers from 0 of any shape.</remarks>
/// <param name="Axis">The axis, from 0.</param>
internal sealed record Gather(int Axis) : Operation
{
    public override string Kind => "Gather";

    public override bool IsAffine(LayerNode node) => node.HasOneInput(0);

    protected override IEnumerable<(string Name, object Value)> Attributes => [("axis", (long)Axis)];

    public static Operand[] Read(OnnxNode node, GraphBuilder graph)
    {
        var (x, indices) = (node.Input(0), node.Input(1));
        var axis = OnnxNode.Axis(node.Integer("axis", 0), x.Shape.Rank);
        var places = OnnxNode.Known(indices);
        if (x.Shape[axis] is not { IsPerImage: false, Count: var size })
        {
            throw new InvalidDataException($"It takes a part of {x.Shape} along axis {axis}, that of the images.");
        }

        if (places.Any(place => place < -size || place >= size))
        {
            throw new InvalidDataException($"It takes place {places.First(place => place < -size || place >= size)} of {size}.");
        }

        return [Add(node.Name, graph, x, axis, Array.ConvertAll(places, place => place < 0 ? place + size : place), indices.Shape)];
    }

    /// <summary>Adds the numbers at some places of an axis.</summary>
    public static Operand Add(string name, GraphBuilder graph, Operand x, int axis, long[] places, ValueShape shape) =>
        graph.Add(name, new Gather(axis), x, graph.Constant($"{name}/places", tensor(places, shape.At(1))));

    public override ValueShape Shape(ValueShape[] inputs) =>
        inputs is [var x, var places] && Axis < x.Rank && !x[Axis].IsPerImage && !places.Sizes.Any(size => size.IsPerImage)
            ? new([.. x.Sizes.Take(Axis), .. places.Sizes, .. x.Sizes.Skip(Axis + 1)])
            : throw Misfit(inputs, $"a value with axis {Axis}, not that of the images, and places");

    public override long Terms(LayerNode node) => node.Shape.Count.Count;

    public override Tensor Run(Tensor[] inputs, bool isTraining)
    {
        var (x, places) = (inputs[0], inputs[1]);
        var value = x.index_select(Axis, places.flatten());
        return places.dim() switch
        {
            0 => value.squeeze(Axis),
            1 => value,
            _ => value.reshape([.. x.shape.Take(Axis), .. places.shape, .. x.shape.Skip(Axis + 1)]),
        };
    }
}
