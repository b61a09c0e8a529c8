using MarginNet.Graph.Onnx;

namespace MarginNet.Graph.Operations;

/// <summary>Squares of pixels laid out as channels:
/// a <see cref="Reshape"/>, a <see cref="Transpose"/> and a <see cref="Reshape"/>.</summary>
internal static class SpaceToDepth
{
    public static Operand[] Read(OnnxNode node, GraphBuilder graph)
    {
        var x = node.Input(0);
        var side = node.Integer("blocksize");
        if (side is < 1 or > DepthToSpace.MostSide || x.Shape.Rank != 4 || x.Shape[2].Count % side != 0 || x.Shape[3].Count % side != 0)
        {
            throw new InvalidDataException($"It gets {x.Shape}: expected [N, C, H, W] with H and W multiples of {side}.");
        }

        var (n, channels, height, width) = (x.Shape[0], x.Shape[1].Count, x.Shape[2].Count / side, x.Shape[3].Count / side);
        var value = graph.Add($"{node.Name}/apart", new Reshape(new(n, channels, height, side, width, side)), x);
        value = graph.Add($"{node.Name}/order", new Transpose([0, 3, 5, 1, 2, 4]), value);
        return [graph.Add(node.Name, new Reshape(new(n, channels * side * side, height, width)), value)];
    }
}
