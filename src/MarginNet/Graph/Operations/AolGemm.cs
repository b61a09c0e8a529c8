using MarginNet.Bounds;
using MarginNet.Graph.Onnx;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace MarginNet.Graph.Operations;

/// <summary>
/// An almost orthogonal linear layer (Prach and Lampert, 2022): D^(−1/2)Wx + b with D the absolute row sums of WWᵀ, so that its norm
/// is at most 1 whatever W is, and 1 where the rows are orthogonal.
/// </summary>
/// <remarks>
/// Inputs: x [N, K], W [M, K] and b [M]. In evaluation its long sums are formed in float64 and rounded once, for the sake of certified
/// radii.
/// </remarks>
internal sealed record AolGemm : Operation
{
    private const float Floor = 1e-12f; // For a row of zeros.

    public override string Kind => nameof(AolGemm);

    public override ValueShape Shape(ValueShape[] inputs) =>
        inputs is [{ Rank: 2 } x, { Rank: 2 } weight, var bias] && weight[1] == x[1] && bias == new ValueShape(weight[0])
            ? new(x[0], weight[0]) : throw Misfit(inputs, "[N, K], [M, K] and [M]");

    public override ParameterRole Role(int input) => input > 0 ? ParameterRole.Weight : ParameterRole.Constant;

    public override Tensor Run(Tensor[] inputs, bool isTraining)
    {
        var precision = isTraining ? inputs[0].dtype : ScalarType.Float64;
        return F.linear(inputs[0].to(precision), Matrix(inputs[1].to(precision)), inputs[2].to(precision)).to(inputs[0].dtype);
    }

    /// <summary>D^(−1/2)W, shape [M, K]; differentiable.</summary>
    public static Tensor Matrix(Tensor weight) => weight * RowSums(weight).rsqrt();

    public override Operand Simplify(GraphBuilder graph, string name, Operand[] inputs)
    {
        var matrix = graph.Constant($"{name}/matrix", Matrix(inputs[1].Constant!.to(ScalarType.Float64)));
        return graph.Add(name, new Gemm(1, 1, TransposesA: false, TransposesB: true), inputs[0], matrix, inputs[2]);
    }

    public override IReadOnlyList<Layer>? Layers(LayerNode node)
    {
        var precise = node.Stored(1).to(ScalarType.Float64);
        var share = RowSumError.Of(precise, RowSums(precise).reciprocal().flatten());
        return [LinearLayer.Of(node.Name, node.Take(Matrix(precise)), share) with { Bias = node.Weight(2), IsPrecise = true }];
    }

    /// <summary>The matrix takes the place of W.</summary>
    public override void Write(OnnxWriter writer, string name, string[] inputs)
    {
        using var scope = NewDisposeScope();
        writer.Constant(inputs[1], Matrix(writer.Parameter(inputs[1]).to(ScalarType.Float64)));
        writer.Node("Gemm", name, inputs, ("transB", 1L));
    }

    private static Tensor RowSums(Tensor weight) => weight.mm(weight.t()).abs().sum(1, keepdim: true).clamp_min(Floor);
}
