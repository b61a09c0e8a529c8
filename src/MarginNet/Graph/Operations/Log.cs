using MarginNet.Graph.Onnx;
using static TorchSharp.torch;

namespace MarginNet.Graph.Operations;

/// <summary>The natural logarithm.</summary>
internal sealed record Log : ElementwiseOperation
{
    public override string Kind => "Log";

    public static Operand[] Read(OnnxNode node, GraphBuilder graph) => [graph.Add(node.Name, new Log(), node.Input(0))];

    protected override Tensor Run(Tensor input) => input.log();
}
