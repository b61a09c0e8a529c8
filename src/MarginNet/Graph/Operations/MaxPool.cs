using MarginNet.Bounds;
using MarginNet.Graph.Onnx;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace MarginNet.Graph.Operations;

/// <summary>The largest number in each window over one to three axes; what is added around is −∞.</summary>
/// <remarks>Input: x [N, C, …].</remarks>
/// <param name="Window">How it slides.</param>
/// <param name="IsCeiling">Whether a last window that is cut off counts.</param>
internal sealed record MaxPool(Window Window, bool IsCeiling) : Operation
{
    public override string Kind => "MaxPool";

    protected override IEnumerable<(string Name, object Value)> Attributes => [.. Window.Attributes, ("ceil_mode", IsCeiling ? 1L : 0)];

    public static Operand[] Read(OnnxNode node, GraphBuilder graph) => node.OutputCount == 1
        ? [graph.Add(node.Name, new MaxPool(Pooling.Read(node), node.Integer("ceil_mode", 0) != 0), node.Input(0))]
        : throw new InvalidDataException("Its second output, the places of the largest numbers, is not known here.");

    public override ValueShape Shape(ValueShape[] inputs) =>
        inputs is [var x] && Pooling.Shape(Window, IsCeiling, x) is { } shape ? shape : throw Misfit(inputs, Pooling.Expected(Window));

    public override IReadOnlyList<Layer>? Layers(LayerNode node) => Window.IsSymmetric && !IsCeiling
        && Rearrangement.Shape(node.Shapes[0]) is not null
        ? [new MaxPoolLayer(node.Name, Window.PoolAxes.Vertical, Window.PoolAxes.Horizontal)]
        : null;

    /// <summary>Axis by axis the largest of its windows' first numbers, second ones and so on. Those that would be outside are others of
    /// the same window instead.</summary>
    public override Operand Simplify(GraphBuilder graph, string name, Operand[] inputs)
    {
        var x = inputs[0];
        for (var i = 0; i < Window.Kernel.Length; i++)
        {
            var (axis, size) = (i + 2, x.Shape[i + 2].Count);
            var count = Window.Output(i, size, IsCeiling);
            Operand[] parts = [.. Enumerable.Range(0, (int)Window.Kernel[i]).Select(tap => Gather.Add(
                $"{name}/{i}/{tap}", graph, x, axis,
                [.. Enumerable.Range(0, (int)count).Select(step => Inside((step * Window.Strides[i]) - Window.Before[i], tap, size, i))],
                new(count)))];
            x = parts.Aggregate((left, right) => new Max().Simplify(graph, $"{name}/{i}", [left, right]));
        }

        return x;
    }

    /// <summary>The place of a number of the window that starts there: of the nearest one inside where it is not.</summary>
    private long Inside(long start, long tap, long size, int axis)
    {
        var step = Window.Dilations[axis];
        var (first, last) = (start < 0 ? (-start + step - 1) / step : 0, Math.Min(Window.Kernel[axis] - 1, (size - 1 - start) / step));
        return start + (Math.Clamp(tap, first, last) * step);
    }

    public override Tensor Run(Tensor[] inputs, bool isTraining)
    {
        var (x, window) = (Pooling.Plane(inputs[0]), Window.Plane);
        var overhang = window.Overhang(x.shape.AsSpan(2), IsCeiling);
        long[] padding = [.. window.Before];
        // LibTorch adds the same on both sides only, and no more than half a window.
        if (!window.IsSymmetric || overhang.Any(size => size > 0) || window.Before.Where((size, i) => 2 * size > window.Kernel[i]).Any())
        {
            (x, padding) = (window.Surround(x, double.NegativeInfinity, overhang), new long[padding.Length]);
        }

        long[] kernel = [.. window.Kernel];
        long[] strides = [.. window.Strides];
        long[] dilations = [.. window.Dilations];
        var value = x.dim() == 4
            ? F.max_pool2d(x, kernel, strides, padding, dilations)
            : F.max_pool3d(x, kernel, strides, padding, dilations);
        return inputs[0].dim() == 3 ? value.squeeze(2) : value;
    }
}
