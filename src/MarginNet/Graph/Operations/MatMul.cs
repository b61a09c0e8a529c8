using MarginNet.Bounds;
using MarginNet.Graph.Onnx;
using static TorchSharp.torch;

namespace MarginNet.Graph.Operations;

/// <summary>The products of the matrices in the last two axes, of a value and a weight on either side of it, or of two values.</summary>
/// <remarks>Inputs: [..., M, K] and [..., K, N], axes before the last two broadcast; one axis alone is a row, or a column.</remarks>
internal sealed record MatMul : Operation
{
    public override string Kind => "MatMul";

    public override bool IsAffine(LayerNode node) => node.HasOneInput();

    public static Operand[] Read(OnnxNode node, GraphBuilder graph) => [graph.Add(node.Name, new MatMul(), node.Input(0), node.Input(1))];

    public override ValueShape Shape(ValueShape[] inputs)
    {
        if (inputs is [{ Rank: > 0 } left, { Rank: > 0 } right]
            && left[-1] is { IsPerImage: false } inner && inner == right[right.Rank == 1 ? 0 : -2]
            && BinaryOperation.Broadcast(Outer(left), Outer(right)) is { } outer)
        {
            return new([.. outer.Sizes, .. left.Rank > 1 ? [left[-2]] : Array.Empty<Dimension>(),
                .. right.Rank > 1 ? [right[-1]] : Array.Empty<Dimension>()]);
        }

        throw Misfit(inputs, "[..., M, K] and [..., K, N]");
    }

    public override ParameterRole Role(int input) => ParameterRole.Weight;

    public override Tensor Transposed(LayerNode node, int input, Tensor y) =>
        node.Data == 0 && node.Shapes[1].Rank == 2 ? y.matmul(node.Stored(1).t()) : base.Transposed(node, input, y);

    public override Tensor? RowNorms(LayerNode node) =>
        node.Data == 0 && node.Shapes is [{ Rank: 2 }, { Rank: 2 }] ? node.Stored(1).norm(0) : null;

    public override long Terms(LayerNode node) => node.Shapes.Max(shape => shape.Sizes.Max(size => size.Count)) + 1;

    public override IReadOnlyList<Layer>? Layers(LayerNode node) =>
        node.Data == 0 && node.Shapes is [{ Rank: 2 } x, { Rank: 2 }] && x[0] == Dimension.Batch
            ? [new LinearLayer(node.Name, new(node.Weight(1).t().contiguous(), 0))]
            : null;

    /// <remarks>LibTorch ends the process where the types differ, as those of constants in a damaged file may.</remarks>
    public override Tensor Run(Tensor[] inputs, bool isTraining) => inputs[1].is_floating_point()
        ? inputs[0].to(inputs[1].dtype).matmul(inputs[1])
        : inputs[0].matmul(inputs[1].to(inputs[0].dtype));

    private static ValueShape Outer(ValueShape shape) => new([.. shape.Sizes.Take(Math.Max(0, shape.Rank - 2))]);
}
