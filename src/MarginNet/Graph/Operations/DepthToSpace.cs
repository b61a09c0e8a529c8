using System.Collections.Immutable;
using MarginNet.Checkpoints;
using MarginNet.Graph.Onnx;

namespace MarginNet.Graph.Operations;

/// <summary>Channels laid out as squares of pixels:
/// a <see cref="Reshape"/>, a <see cref="Transpose"/> and a <see cref="Reshape"/>.</summary>
internal static class DepthToSpace
{
    public const int MostSide = 1 << 10;

    public static Operand[] Read(OnnxNode node, GraphBuilder graph)
    {
        var x = node.Input(0);
        var side = node.Integer("blocksize");
        if (side is < 1 or > MostSide || x.Shape.Rank != 4 || x.Shape[1].Count % (side * side) != 0)
        {
            throw new InvalidDataException($"It gets {x.Shape}: expected [N, C, H, W] with C a multiple of {side}².");
        }

        var mode = node.Text("mode", "DCR");
        var isDepthFirst = mode switch
        {
            "DCR" => true,
            "CRD" => false,
            _ => throw new InvalidDataException($"Its attribute 'mode' is {FileText.Quote(mode)}: expected DCR or CRD."),
        };
        var (n, channels, height, width) = (x.Shape[0], x.Shape[1].Count / (side * side), x.Shape[2], x.Shape[3]);
        ImmutableArray<Dimension> apart = isDepthFirst
            ? [n, side, side, channels, height, width]
            : [n, channels, side, side, height, width];
        ImmutableArray<int> order = isDepthFirst ? [0, 3, 4, 1, 5, 2] : [0, 1, 4, 2, 5, 3];
        var value = graph.Add($"{node.Name}/apart", new Reshape(new(apart)), x);
        value = graph.Add($"{node.Name}/order", new Transpose(order), value);
        return [graph.Add(node.Name, new Reshape(new(n, channels, height.Count * side, width.Count * side)), value)];
    }
}
