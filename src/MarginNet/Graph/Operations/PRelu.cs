using MarginNet.Bounds;
using MarginNet.Graph.Onnx;
using static TorchSharp.torch;

namespace MarginNet.Graph.Operations;

/// <summary>x where it is positive, else slope · x.</summary>
/// <remarks>Inputs: x, and a slope that is broadcast to it.</remarks>
internal sealed record PRelu : Operation
{
    public override string Kind => "PRelu";

    public static Operand[] Read(OnnxNode node, GraphBuilder graph) => [graph.Add(node.Name, new PRelu(), node.Input(0), node.Input(1))];

    public override ValueShape Shape(ValueShape[] inputs) => inputs is [var x, var slope] && BinaryOperation.Broadcast(x, slope) == x
        ? x : throw Misfit(inputs, "a value, and slopes that can be broadcast to it");

    public override ParameterRole Role(int input) => input == 1 ? ParameterRole.Weight : ParameterRole.Constant;

    public override IReadOnlyList<Layer>? Layers(LayerNode node)
    {
        if (node.Data != 0 || node.PerChannel(1) is not { } slopes)
        {
            return null;
        }

        using var scope = NewDisposeScope();
        var (least, largest) = (slopes.min().to(ScalarType.Float64).item<double>(), slopes.max().to(ScalarType.Float64).item<double>());
        return [new ActivationLayer(node.Name, Math.Min(least, 1), Math.Max(largest, 1), HasKink: true)];
    }

    /// <summary>s·x + (1 − s)·relu(x).</summary>
    public override Operand? Simplify(GraphBuilder graph, string name, Operand[] inputs)
    {
        if (inputs[1].Constant is not { } slope || !inputs[0].IsData)
        {
            return null;
        }

        var rest = graph.Constant($"{name}/rest", 1 - slope.to(ScalarType.Float64));
        var open = graph.Add($"{name}/open", new Mul(), graph.Add($"{name}/relu", new Relu(), inputs[0]), rest);
        return graph.Add(name, new Add(), graph.Add($"{name}/scaled", new Mul(), inputs[0], inputs[1]), open);
    }

    public override Tensor Run(Tensor[] inputs, bool isTraining) => inputs[0].relu() - (inputs[1] * inputs[0].neg().relu());
}
