using MarginNet.Bounds;
using MarginNet.Graph.Onnx;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace MarginNet.Graph.Operations;

/// <summary>The mean of the numbers in each window over one to three axes.</summary>
/// <remarks>Input: x [N, C, …].</remarks>
/// <param name="Window">How it slides.</param>
/// <param name="IsCeiling">Whether a last window that is cut off counts.</param>
/// <param name="CountsPadding">Whether the zeros added around are among the numbers.</param>
internal sealed record AveragePool(Window Window, bool IsCeiling, bool CountsPadding) : Operation
{
    public override string Kind => "AveragePool";

    public override bool IsAffine(LayerNode node) => true;

    /// <summary>Operator set 13 has no dilation.</summary>
    protected override IEnumerable<(string Name, object Value)> Attributes =>
    [
        .. Window.Attributes.Where(attribute => attribute.Name != "dilations"), ("ceil_mode", IsCeiling ? 1L : 0),
        ("count_include_pad", CountsPadding ? 1L : 0),
    ];

    public static Operand[] Read(OnnxNode node, GraphBuilder graph)
    {
        var window = Pooling.Read(node);
        if (window.Dilations.Any(step => step != 1))
        {
            throw new InvalidDataException("Its attribute 'dilations' is not 1: no other is known here.");
        }

        var operation = new AveragePool(window, node.Integer("ceil_mode", 0) != 0, node.Integer("count_include_pad", 0) != 0);
        return [graph.Add(node.Name, operation, node.Input(0))];
    }

    public override ValueShape Shape(ValueShape[] inputs) =>
        inputs is [var x] && Pooling.Shape(Window, IsCeiling, x) is { } shape ? shape : throw Misfit(inputs, Pooling.Expected(Window));

    public override long Terms(LayerNode node) => Window.Kernel.Aggregate(1L, (product, side) => product * side) + 1;

    public override IReadOnlyList<Layer>? Layers(LayerNode node) =>
        Rearrangement.Shape(node.Shapes[0]) is not null && Window.IsSymmetric && !IsCeiling
        && (CountsPadding || Window.Before.All(size => size == 0))
            ? [new AveragePoolLayer(node.Name, Window.PoolAxes.Vertical, Window.PoolAxes.Horizontal)]
            : null;

    public override Tensor Run(Tensor[] inputs, bool isTraining)
    {
        var (x, window) = (Pooling.Plane(inputs[0]), Window.Plane);
        var overhang = window.Overhang(x.shape.AsSpan(2), IsCeiling);
        long[] kernel = [.. window.Kernel];
        long[] strides = [.. window.Strides];
        Tensor Mean(Tensor x, long[]? padding = null) => x.dim() == 4
            ? F.avg_pool2d(x, kernel, strides, padding, count_include_pad: CountsPadding)
            : F.avg_pool3d(x, kernel, strides, padding, count_include_pad: CountsPadding);
        Tensor value;
        // LibTorch adds the same on both sides only, and no more than half a window.
        if (window.IsSymmetric && overhang.All(size => size == 0)
            && window.Before.Select((size, i) => 2 * size <= kernel[i]).All(fits => fits))
        {
            value = Mean(x, [.. window.Before]);
        }
        else
        {
            var counted = ones([1, 1, .. x.shape[2..]], x.dtype, x.device);
            counted = CountsPadding
                ? F.pad(window.Surround(counted, 1), [.. overhang.Reverse().SelectMany(more => (long[])[0, more])])
                : window.Surround(counted, 0, overhang);
            value = Mean(window.Surround(x, 0, overhang)) / Mean(counted);
        }

        return inputs[0].dim() == 3 ? value.squeeze(2) : value;
    }
}
