using MarginNet.Graph.Onnx;
using static TorchSharp.torch;
using Type = Onnx.TensorProto.Types.DataType;

namespace MarginNet.Graph.Operations;

/// <summary>1 where a value is 0, else 0.</summary>
internal sealed record Not : ElementwiseOperation
{
    public override string Kind => "Not";

    public static Operand[] Read(OnnxNode node, GraphBuilder graph) => [graph.Add(node.Name, new Not(), node.Input(0))];

    protected override Tensor Run(Tensor input) => input.logical_not().to(input.dtype);

    public override void Write(OnnxWriter writer, string name, string[] inputs)
    {
        writer.Node("Cast", $"{name}/holds", inputs, ("to", (long)Type.Bool));
        writer.Node(Kind, $"{name}/not", [$"{name}/holds"]);
        writer.Node("Cast", name, [$"{name}/not"], ("to", (long)Type.Float));
    }
}
