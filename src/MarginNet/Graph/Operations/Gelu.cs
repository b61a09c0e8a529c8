using MarginNet.Checkpoints;
using MarginNet.Graph.Onnx;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace MarginNet.Graph.Operations;

/// <summary>x · Φ(x), Φ the normal distribution function; or its approximation ½x(1 + tanh(√(2/π)(x + 0.044715x³))).</summary>
/// <param name="IsApproximate">Whether it is the approximation.</param>
internal sealed record Gelu(bool IsApproximate) : ElementwiseOperation
{
    private const float Cubic = 0.044715f; // Hendrycks and Gimpel 2016, section 2.

    public override string Kind => "Gelu";

    /// <remarks>f″ = φ(x)(2 − x²) is largest at 0, and f′ at √2: 1.12890…. That of the approximation is as large at 0, and f′ is up
    /// to 1.12899….
    /// </remarks>
    public override Curve? Curve => new SampledCurve(Run, 0.79788457, -0.129, 1.129);

    public static Operand[] Read(OnnxNode node, GraphBuilder graph)
    {
        var kind = node.Text("approximate", "none");
        return kind is "none" or "tanh" ? [graph.Add(node.Name, new Gelu(kind == "tanh"), node.Input(0))]
            : throw new InvalidDataException($"Its attribute 'approximate' is {FileText.Quote(kind)}: expected none or tanh.");
    }

    public override void Write(OnnxWriter writer, string name, string[] inputs)
    {
        var x = inputs[0];
        string Apply(string operation, string part, params string[] operands)
        {
            writer.Node(operation, $"{name}/{part}", operands);
            return $"{name}/{part}";
        }

        string Number(string part, float value) => writer.Constant($"{name}/{part}", tensor(value));

        string sigmoidal;
        if (IsApproximate)
        {
            var cubed = Apply("Mul", "cube", Apply("Mul", "square", x, x), x);
            var argument = Apply("Add", "sum", x, Apply("Mul", "term", cubed, Number("cubic", Cubic)));
            sigmoidal = Apply("Tanh", "tanh", Apply("Mul", "scaled", argument, Number("scale", MathF.Sqrt(2 / MathF.PI))));
        }
        else
        {
            sigmoidal = Apply("Erf", "erf", Apply("Mul", "scaled", x, Number("scale", MathF.Sqrt(0.5f))));
        }

        var twice = Apply("Mul", "twice", x, Apply("Add", "risen", sigmoidal, Number("one", 1)));
        writer.Node("Mul", name, [twice, Number("half", 0.5f)]);
    }

    protected override Tensor Run(Tensor input) => input.gelu(IsApproximate ? GELU.Approximate.tanh : GELU.Approximate.none);
}
