using MarginNet.Graph.Onnx;
using static TorchSharp.torch;

namespace MarginNet.Graph.Operations;

/// <summary>The second value where the first is not 0, else the third.</summary>
internal sealed record Where : Operation
{
    private const long Bool = 9; // In ONNX's TensorProto.DataType.

    public override string Kind => "Where";

    public override bool IsAffine(LayerNode node) => node.IsStored(0);

    public static Operand[] Read(OnnxNode node, GraphBuilder graph) =>
        [graph.Add(node.Name, new Where(), node.Input(0), node.Input(1), node.Input(2))];

    public override ValueShape Shape(ValueShape[] inputs) =>
        inputs is [var condition, var yes, var no] && BinaryOperation.Broadcast(yes, no) is { } both
        && BinaryOperation.Broadcast(condition, both) is { } shape ? shape : throw Misfit(inputs, "three shapes that can be broadcast");

    public override void Write(OnnxWriter writer, string name, string[] inputs)
    {
        var condition = $"{name}/{inputs[0]}";
        writer.Node("Cast", condition, [inputs[0]], ("to", Bool));
        writer.Node("Where", name, [condition, inputs[1], inputs[2]]);
    }

    public override Tensor Run(Tensor[] inputs, bool isTraining) => inputs[1].where(inputs[0].to(ScalarType.Bool), inputs[2]);
}
