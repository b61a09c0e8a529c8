using MarginNet.Graph.Onnx;
using static TorchSharp.torch;

namespace MarginNet.Graph.Operations;

/// <summary>The error function, 2/√π · ∫ from 0 to x of exp(−t²).</summary>
internal sealed record Erf : ElementwiseOperation
{
    public override string Kind => "Erf";

    public static Operand[] Read(OnnxNode node, GraphBuilder graph) => [graph.Add(node.Name, new Erf(), node.Input(0))];

    protected override Tensor Run(Tensor input) => input.erf();
}
