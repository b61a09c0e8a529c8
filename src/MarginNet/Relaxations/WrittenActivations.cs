using MarginNet.Graph;
using MarginNet.Graph.Operations;
using static TorchSharp.torch;

namespace MarginNet.Relaxations;

/// <summary>
/// Functions of one number that files write as products of simpler ones: x·σ(x), which is SiLU, and c·x(1 + erf(sx)), which is GELU up to
/// two scales. As products of two values their bounds would be those of McCormick's planes, which do not know that both are of the same x.
/// </summary>
internal sealed class WrittenActivations(NetworkGraph graph)
{
    private const int MostLevels = 3; // Of products within a product.

    private readonly Dictionary<string, Node> _nodes = graph.Nodes.ToDictionary(node => node.Name);
    private readonly Dictionary<string, double> _numbers = graph.Parameters
        .Where(parameter => parameter.Value.is_floating_point() && parameter.Value.numel() == 1)
        .ToDictionary(parameter => parameter.Name, parameter => parameter.Value.to(ScalarType.Float64).item<double>());

    /// <summary>Says of a node that is such a function how it is built as one; null of another.</summary>
    public Func<GraphBuilder, IReadOnlyDictionary<string, Operand>, Operand>? Of(Node node)
    {
        if (node.Operation is not (Mul or Div) || Factors(node.Name, MostLevels) is not (var factor, [var left, var right]))
        {
            return null;
        }

        var (x, other) = (left, right);
        if (ArgumentOf<Sigmoid>(other) != x)
        {
            (x, other) = (right, left);
        }

        if (ArgumentOf<Sigmoid>(other) == x && factor == 1)
        {
            return (builder, values) => builder.Add(node.Name, new Swish(), values[x]);
        }

        (x, other) = Risen(right) is not null ? (left, right) : (right, left);
        if (Risen(other) is not { } erf || ArgumentOf<Erf>(erf) is not { } scaled
            || Factors(scaled, MostLevels) is not (var scale, [var inner]) || inner != x || !(factor is > 0 and <= 1) || !(scale > 0))
        {
            return null;
        }

        return (builder, values) =>
        {
            // c·x(1 + erf(sx)) = √2·c/s · GELU(√2·s·x).
            Operand Times(string name, Operand value, double number) => builder.Add(
                name, new Mul(), value, builder.Constant($"{name}/factor", full([1], number, ScalarType.Float64)));

            var gelu = builder.Add($"{node.Name}/gelu", new Gelu(false), Times($"{node.Name}/scaled", values[x], Math.Sqrt(2) * scale));
            return Times(node.Name, gelu, Math.Sqrt(2) * factor / scale);
        };
    }

    /// <summary>A value as a number times other values.</summary>
    private (double Factor, List<string> Others)? Factors(string name, int levels)
    {
        if (_numbers.TryGetValue(name, out var number))
        {
            return (number, []);
        }

        if (levels > 0 && _nodes.TryGetValue(name, out var node) && node is { Operation: Mul or Div, Inputs: [var left, var right] })
        {
            if (node.Operation is Div)
            {
                return _numbers.TryGetValue(right, out var divisor) && Factors(left, levels - 1) is var (factor, others)
                    ? (factor / divisor, others) : (1, [name]);
            }

            return Factors(left, levels - 1) is var (one, first) && Factors(right, levels - 1) is var (two, second)
                ? (one * two, [.. first, .. second]) : null;
        }

        return (1, [name]);
    }

    /// <summary>y of 1 + y.</summary>
    private string? Risen(string name) =>
        !_nodes.TryGetValue(name, out var node) || node is not { Operation: Add, Inputs: [var left, var right] } ? null
        : _numbers.TryGetValue(right, out var number) && number == 1 ? left
        : _numbers.TryGetValue(left, out number) && number == 1 ? right
        : null;

    private string? ArgumentOf<TOperation>(string name) =>
        _nodes.TryGetValue(name, out var node) && node.Operation is TOperation ? node.Inputs[0] : null;
}
