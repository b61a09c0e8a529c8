using MarginNet.Bounds;
using MarginNet.Graph.Onnx;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace MarginNet.Graph.Operations;

/// <summary>The residual layer of vectors. In evaluation its long sums are formed in float64 and rounded once, for the sake of certified
/// radii.</summary>
internal sealed record SllGemm : SllOperation
{
    public override string Kind => nameof(SllGemm);

    public override ValueShape Shape(ValueShape[] inputs) =>
        inputs is [{ Rank: 2 } x, { Rank: 2 } weight, var bias] && weight[1] == x[1] && bias == new ValueShape(weight[0])
            ? x : throw Misfit(inputs, "[N, K], [hidden, K] and [hidden]");

    public override Tensor Run(Tensor[] inputs, bool isTraining)
    {
        var (input, weight, bias) = (inputs[0], inputs[1], inputs[2]);
        var precision = isTraining ? input.dtype : ScalarType.Float64;
        var x = input.to(precision);
        var inner = F.relu(F.linear(x, weight.to(precision), bias.to(precision)), inplace: true);
        return (x - inner.mm(Back(weight, precision, isTraining))).to(input.dtype);
    }

    public override Operand Simplify(GraphBuilder graph, string name, Operand[] inputs)
    {
        var weight = inputs[1].Constant!.to(ScalarType.Float64);
        var back = graph.Constant($"{name}/back", Back(weight, ScalarType.Float64, isTraining: false));
        var hidden = graph.Add($"{name}/in", new Gemm(1, 1, TransposesA: false, TransposesB: true), inputs);
        var gated = graph.Add($"{name}/relu", new Relu(), hidden);
        return graph.Add(name, new Sub(), inputs[0], graph.Add($"{name}/out", new Gemm(1, 1, false, false), gated, back));
    }

    public override void Write(OnnxWriter writer, string name, string[] inputs)
    {
        using var scope = NewDisposeScope();
        var weight = writer.Parameter(inputs[1]);
        var back = writer.Constant($"{name}.back", Back(weight, weight.dtype, isTraining: false));
        writer.Node("Gemm", $"{name}.in", inputs, ("transB", 1L));
        writer.Node("Relu", $"{name}.relu", [$"{name}.in"]);
        writer.Node("Gemm", $"{name}.out", [$"{name}.relu", back]);
        writer.Node("Sub", name, [inputs[0], $"{name}.out"]);
    }

    protected override SllLayer Layer(string name, Tensor map, double relativeError, Tensor bias)
    {
        var dense = LinearLayer.Of(name, map, relativeError) with { Bias = bias };
        return new(name, dense) { BackOrder = new(map.shape[0]), Bias = bias, IsPrecise = true };
    }

    protected override Tensor RowSums(Tensor weight) => weight.mm(weight.t()).abs().sum(1);
}
