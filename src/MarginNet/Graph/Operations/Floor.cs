using MarginNet.Graph.Onnx;
using static TorchSharp.torch;

namespace MarginNet.Graph.Operations;

/// <summary>The largest integer not above x; its gradient is zero.</summary>
internal sealed record Floor : ElementwiseOperation
{
    public override string Kind => "Floor";

    public static Operand[] Read(OnnxNode node, GraphBuilder graph) => [graph.Add(node.Name, new Floor(), node.Input(0))];

    protected override Tensor Run(Tensor input) => input.floor();
}
