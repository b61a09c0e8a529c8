using MarginNet.Graph.Onnx;
using TorchSharp;
using static TorchSharp.torch;

namespace MarginNet.Graph.Operations;

/// <summary>x/(1 + |x|).</summary>
internal sealed record Softsign : ElementwiseOperation
{
    public override string Kind => "Softsign";

    /// <remarks>f′ = 1/(1 + |x|)², |f″| = 2/(1 + |x|)³.</remarks>
    public override Curve? Curve => new SampledCurve(Run, 2, 0, 1);

    public static Operand[] Read(OnnxNode node, GraphBuilder graph) => [graph.Add(node.Name, new Softsign(), node.Input(0))];

    protected override Tensor Run(Tensor input)
    {
        using var one = 1.ToScalar();
        return input / input.abs().add(one);
    }
}
