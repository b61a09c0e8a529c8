using static TorchSharp.torch;

namespace MarginNet.Graph.Operations;

/// <summary>A function of two numbers, applied to each pair of two values
/// whose shapes are broadcast as ONNX, NumPy and PyTorch do it.</summary>
internal abstract record BinaryOperation : Operation
{
    public sealed override ValueShape Shape(ValueShape[] inputs) =>
        inputs is [var left, var right] ? Broadcast(left, right) ?? throw Misfit(inputs, "shapes that can be broadcast")
            : throw Misfit(inputs, "two inputs");

    public sealed override Tensor Run(Tensor[] inputs, bool isTraining) => Run(inputs[0], inputs[1]);

    protected abstract Tensor Run(Tensor left, Tensor right);

    /// <summary>The shape that two are broadcast to; null where they do not fit.</summary>
    public static ValueShape? Broadcast(ValueShape left, ValueShape right)
    {
        var rank = Math.Max(left.Rank, right.Rank);
        var sizes = new Dimension[rank];
        for (var i = 1; i <= rank; i++)
        {
            var (one, other) = (i <= left.Rank ? left[-i] : 1, i <= right.Rank ? right[-i] : 1);
            if (one != other && one != 1 && other != 1)
            {
                return null;
            }

            sizes[^i] = one == 1 ? other : one;
        }

        return new([.. sizes]);
    }

    /// <summary>The same of simpler operations for all numbers along an axis, which stays with size 1:
    /// of halves in turn until one is left.</summary>
    /// <remarks>The order and repetition of numbers must not matter to the function.</remarks>
    public static Operand Along(BinaryOperation operation, string name, Operand x, int axis, GraphBuilder graph)
    {
        for (var size = x.Shape[axis].Count; size > 1; size = (size + 1) / 2)
        {
            var half = (size + 1) / 2;
            x = operation.Simplify(
                graph, $"{name}/{axis}/{half}",
                [
                    graph.Add($"{name}/first", new Slice(axis, 0, half, 1), x),
                    graph.Add($"{name}/last", new Slice(axis, size - half, half, 1), x),
                ])!;
        }

        return x;
    }

    /// <summary>A function of two applied to more, from the first to the last: f(f(a, b), c).</summary>
    public static Operand Chain(BinaryOperation operation, string name, Operand[] inputs, GraphBuilder graph)
    {
        var value = inputs.Length > 0 ? inputs[0] : throw new InvalidDataException("It has no inputs.");
        for (var i = 1; i < inputs.Length; i++)
        {
            value = graph.Add(i == inputs.Length - 1 ? name : $"{name}/{i}", operation, value, inputs[i]);
        }

        return value;
    }
}
