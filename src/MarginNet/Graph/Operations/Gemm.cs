using MarginNet.Bounds;
using MarginNet.Graph.Onnx;
using MarginNet.Native;
using static TorchSharp.torch;

namespace MarginNet.Graph.Operations;

/// <summary>α·A·B + β·C of matrices, each of A and B transposed where it says so: a linear layer.</summary>
/// <remarks>Inputs: A [M, K], B [K, N], and where there is one C, broadcast to [M, N].</remarks>
/// <param name="Alpha">α.</param>
/// <param name="Beta">β.</param>
/// <param name="TransposesA">Whether A comes as [K, M].</param>
/// <param name="TransposesB">Whether B comes as [N, K].</param>
internal sealed record Gemm(double Alpha, double Beta, bool TransposesA, bool TransposesB) : Operation
{
    public override string Kind => "Gemm";

    public override bool IsAffine(LayerNode node) => node.HasOneInput(0) && !TransposesA;

    protected override IEnumerable<(string Name, object Value)> Attributes =>
    [
        ("alpha", (float)Alpha), ("beta", (float)Beta), ("transA", TransposesA ? 1L : 0), ("transB", TransposesB ? 1L : 0),
    ];

    public static Operand[] Read(OnnxNode node, GraphBuilder graph)
    {
        var operation = new Gemm(
            node.Number("alpha", 1), node.Number("beta", 1), node.Integer("transA", 0) != 0, node.Integer("transB", 0) != 0);
        return [graph.Add(
            node.Name, operation, node.Optional(2) is { } c ? [node.Input(0), node.Input(1), c] : [node.Input(0), node.Input(1)])];
    }

    public override ValueShape Shape(ValueShape[] inputs)
    {
        if (inputs is [{ Rank: 2 } a, { Rank: 2 } b, .. { Length: <= 1 } c] && a[TransposesA ? 0 : 1] is { IsPerImage: false } inner
            && inner == b[TransposesB ? 1 : 0])
        {
            var product = new ValueShape(a[TransposesA ? 1 : 0], b[TransposesB ? 0 : 1]);
            if (c is [] || BinaryOperation.Broadcast(c[0], product) == product)
            {
                return product;
            }
        }

        throw Misfit(inputs, $"{(TransposesA ? "[K, M]" : "[M, K]")}, {(TransposesB ? "[N, K]" : "[K, N]")} and perhaps what fits [M, N]");
    }

    public override ParameterRole Role(int input) => ParameterRole.Weight;

    public override Tensor Absolute(LayerNode node, Tensor[] data) =>
        (this with { Alpha = Math.Abs(Alpha), Beta = Math.Abs(Beta) }).Run(node.With(data, constant => constant.abs()), isTraining: false);

    public override Tensor Transposed(LayerNode node, int input, Tensor y)
    {
        var product = y.mm(TransposesB ? node.Stored(1) : node.Stored(1).t());
        return Alpha == 1 ? product : product.Times(Alpha);
    }

    public override Tensor RowNorms(LayerNode node) => node.Stored(1).norm(TransposesB ? 1 : 0).Times(Math.Abs(Alpha));

    public override long Terms(LayerNode node) => node.Shapes[1].Sizes.Max(size => size.Count) + 4;

    public override IReadOnlyList<Layer>? Layers(LayerNode node)
    {
        // With other factors than 1 the rounding of the sums is not known.
        if (node.Data != 0 || TransposesA || (Alpha, Beta) != (1, 1) || node.Shapes[0][0] != Dimension.Batch)
        {
            return null;
        }

        var weight = TransposesB ? node.Weight(1) : node.Weight(1).t().contiguous();
        var bias = node.Optional(2)?.flatten().expand((int)node.Shape[1].Count);
        return [new LinearLayer(node.Name, new(weight, 0)) { Bias = bias }];
    }

    public override Tensor Run(Tensor[] inputs, bool isTraining)
    {
        var (a, b) = (TransposesA ? inputs[0].t() : inputs[0], TransposesB ? inputs[1].t() : inputs[1]);
        return inputs.Length > 2 ? inputs[2].addmm(a, b, (float)Beta, (float)Alpha) : Alpha == 1 ? a.mm(b) : a.mm(b).Times(Alpha);
    }
}
