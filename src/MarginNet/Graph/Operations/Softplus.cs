using MarginNet.Graph.Onnx;
using static TorchSharp.torch;

namespace MarginNet.Graph.Operations;

/// <summary>log(1 + eˣ).</summary>
internal sealed record Softplus : ElementwiseOperation
{
    public override string Kind => "Softplus";

    /// <remarks>f′ = σ.</remarks>
    public override Curve? Curve => new SampledCurve(Run, 0.2500001, 0, 1);

    public static Operand[] Read(OnnxNode node, GraphBuilder graph) => [graph.Add(node.Name, new Softplus(), node.Input(0))];

    /// <summary>Computes it as −log σ(−x), which no x overflows.</summary>
    public static Tensor Of(Tensor input) => input.neg().log_sigmoid().neg();

    protected override Tensor Run(Tensor input) => Of(input);
}
