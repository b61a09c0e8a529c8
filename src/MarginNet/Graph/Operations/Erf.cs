using MarginNet.Graph.Onnx;
using static TorchSharp.torch;

namespace MarginNet.Graph.Operations;

/// <summary>The error function, 2/√π · ∫ from 0 to x of exp(−t²).</summary>
internal sealed record Erf : ElementwiseOperation
{
    public override string Kind => "Erf";

    /// <remarks>f′ = 2/√π · exp(−x²); |f″| is largest at 1/√2.</remarks>
    public override Curve? Curve => new SampledCurve(Run, 0.9678829, 0, 1.1283792);

    public static Operand[] Read(OnnxNode node, GraphBuilder graph) => [graph.Add(node.Name, new Erf(), node.Input(0))];

    protected override Tensor Run(Tensor input) => input.erf();
}
