using MarginNet.Bounds;
using MarginNet.Graph.Onnx;
using static TorchSharp.torch;

namespace MarginNet.Graph.Operations;

/// <summary>In training a share of the numbers set to 0 and the others divided by what is left; else nothing.</summary>
/// <param name="Ratio">The share, at least 0 and below 1.</param>
internal sealed record Dropout(double Ratio) : Operation
{
    public override string Kind => "Dropout";

    public override bool IsAffine(LayerNode node) => true;

    public static Operand[] Read(OnnxNode node, GraphBuilder graph)
    {
        var ratio = node.Has("ratio") ? node.Number("ratio") : node.Optional(1) is { } operand ? OnnxNode.KnownNumber(operand) : 0.5;
        return ratio is not (>= 0 and < 1) ? throw new InvalidDataException($"Its ratio is {ratio}: expected at least 0 and below 1.")
            : node.Optional(2) is { } isTraining && OnnxNode.KnownNumber(isTraining) != 0
            ? throw new InvalidDataException("It is in training mode: export the network after model.eval().")
            : [graph.Add(node.Name, new Dropout(ratio), node.Input(0))];
    }

    public override ValueShape Shape(ValueShape[] inputs) => inputs is [var only] ? only : throw Misfit(inputs, "one input");

    public override void Write(OnnxWriter writer, string name, string[] inputs) =>
        writer.Node("Dropout", name, [inputs[0], writer.Constant($"{name}/ratio", tensor((float)Ratio))]);

    public override Tensor Transposed(LayerNode node, int input, Tensor y) => y;

    public override IReadOnlyList<Layer>? Layers(LayerNode node) => [];

    public override Tensor Run(Tensor[] inputs, bool isTraining) =>
        isTraining ? nn.functional.dropout(inputs[0], Ratio, training: true) : inputs[0];
}
