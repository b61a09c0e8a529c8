using MarginNet.Graph.Onnx;
using static TorchSharp.torch;

namespace MarginNet.Graph.Operations;

/// <summary>Numbers from one to another, which is left out, in equal steps; all known beforehand.</summary>
internal static class Range
{
    private const double Most = 1 << 24;

    public static Operand[] Read(OnnxNode node, GraphBuilder graph)
    {
        var operands = node.All();
        if (operands.Length != 3)
        {
            throw new InvalidDataException($"It has {operands.Length} inputs: expected a start, an end and a step.");
        }

        var numbers = Array.ConvertAll(operands, OnnxNode.KnownNumber);
        var (start, step) = (numbers[0], numbers[2]);
        var count = Math.Max(0, Math.Ceiling((numbers[1] - start) / step));
        if (!(count <= Most) || !double.IsFinite(start) || !double.IsFinite(step))
        {
            throw new InvalidDataException(
                $"It goes from {start} to {numbers[1]} by {step}: expected a step that gets there within {Most} numbers.");
        }

        var type = Array.Exists(operands, operand => operand.Constant?.is_floating_point() == true) ? ScalarType.Float32 : ScalarType.Int64;
        return [graph.Constant(node.Name, (arange((long)count, dtype: ScalarType.Float64) * step + start).to(type))];
    }
}
