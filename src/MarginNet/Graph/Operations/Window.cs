using System.Collections.Immutable;
using MarginNet.Bounds;
using MarginNet.Checkpoints;
using MarginNet.Graph.Onnx;
using static TorchSharp.torch;

namespace MarginNet.Graph.Operations;

/// <summary>How a window slides over the axes behind the channels: one number for each axis.</summary>
/// <param name="Kernel">Its sides.</param>
/// <param name="Strides">Its steps.</param>
/// <param name="Before">What is added before the first number of an axis.</param>
/// <param name="After">What is added behind the last.</param>
/// <param name="Dilations">The distance of neighbours in it.</param>
internal sealed record Window(
    ImmutableArray<long> Kernel, ImmutableArray<long> Strides, ImmutableArray<long> Before, ImmutableArray<long> After,
    ImmutableArray<long> Dilations)
{
    private const long MostSteps = 1 << 20;

    /// <summary>Whether the same is added before and behind.</summary>
    public bool IsSymmetric => Before.SequenceEqual(After);

    /// <summary>The numbers of an axis that it takes in from the first to the last.</summary>
    public long Reach(int axis) => ((Kernel[axis] - 1) * Dilations[axis]) + 1;

    /// <summary>The same over two axes or more: itself, or with a first axis of one number.</summary>
    public Window Plane => Kernel.Length > 1 ? this
        : new([1, .. Kernel], [1, .. Strides], [0, .. Before], [0, .. After], [1, .. Dilations]);

    /// <summary>Its steps over two axes, of values of any size.</summary>
    public ConvolutionGeometry Geometry
    {
        get
        {
            var plane = Plane;
            return new(1, 1)
            {
                Stride = ((int)plane.Strides[0], (int)plane.Strides[1]),
                Padding = ((int)plane.Before[0], (int)plane.Before[1]),
                PaddingBehind = IsSymmetric ? null : ((int)plane.After[0], (int)plane.After[1]),
                Dilation = ((int)plane.Dilations[0], (int)plane.Dilations[1]),
            };
        }
    }

    /// <summary>Its steps along each of two axes.</summary>
    public (PoolAxis Vertical, PoolAxis Horizontal) PoolAxes
    {
        get
        {
            var plane = Plane;
            PoolAxis Axis(int axis) => PoolAxis.Sliding(
                (int)plane.Kernel[axis], (int)plane.Strides[axis], (int)plane.Before[axis], (int)plane.Dilations[axis]);
            return (Axis(0), Axis(1));
        }
    }

    /// <summary>The attributes of an ONNX node.</summary>
    public IEnumerable<(string Name, object Value)> Attributes =>
    [
        ("kernel_shape", (long[])[.. Kernel]), ("strides", (long[])[.. Strides]), ("pads", (long[])[.. Before, .. After]),
        ("dilations", (long[])[.. Dilations]),
    ];

    /// <summary>Reads the attributes of an ONNX node.</summary>
    /// <param name="node">The node.</param>
    /// <param name="sizes">The sizes of the input's axes behind the channels, for <c>auto_pad</c>.</param>
    /// <param name="kernel">The sides where the node does not tell them; null where it has to.</param>
    public static Window Read(OnnxNode node, ReadOnlySpan<Dimension> sizes, IEnumerable<long>? kernel = null)
    {
        var axes = sizes.Length;
        var sides = node.Has("kernel_shape") || kernel is null ? node.Integers("kernel_shape", axes, 0, 1, MostSteps) : [.. kernel];
        var strides = node.Integers("strides", axes, 1, 1, MostSteps);
        var dilations = node.Integers("dilations", axes, 1, 1, MostSteps);
        var pads = node.Integers("pads", 2 * axes, 0, 0, MostSteps);
        var same = node.Text("auto_pad", "NOTSET");
        switch (same)
        {
            case "NOTSET":
                break;
            case "VALID":
                pads = new long[2 * axes];
                break;
            case "SAME_UPPER" or "SAME_LOWER":
                for (var i = 0; i < axes; i++)
                {
                    var (size, reach) = (sizes[i].At(1), ((sides[i] - 1) * dilations[i]) + 1);
                    var total = Math.Max(0, ((((size + strides[i] - 1) / strides[i]) - 1) * strides[i]) + reach - size);
                    (pads[i], pads[axes + i]) = same == "SAME_UPPER" ? (total / 2, total - (total / 2)) : (total - (total / 2), total / 2);
                }

                break;
            default:
                throw new InvalidDataException(
                    $"Its attribute 'auto_pad' is {FileText.Quote(same)}: expected NOTSET, VALID, SAME_UPPER or SAME_LOWER.");
        }

        return new([.. sides], [.. strides], [.. pads[..axes]], [.. pads[axes..]], [.. dilations]);
    }

    /// <summary>The size of an axis behind the window.</summary>
    /// <param name="axis">The axis, counted behind the channels.</param>
    /// <param name="size">Its size before.</param>
    /// <param name="isCeiling">Whether a last window that is cut off counts. Default false.</param>
    /// <returns>The size, at most 0 where the window does not fit.</returns>
    public long Output(int axis, long size, bool isCeiling = false)
    {
        var room = size + Before[axis] + After[axis] - Reach(axis);
        if (room < 0)
        {
            return 0;
        }

        var steps = (room + (isCeiling ? Strides[axis] - 1 : 0)) / Strides[axis];
        // A window that would begin in what is added behind does not count.
        return isCeiling && steps * Strides[axis] >= size + Before[axis] ? steps : steps + 1;
    }

    /// <summary>What a last window that is cut off takes beyond what is added behind.</summary>
    public long[] Overhang(ReadOnlySpan<long> sizes, bool isCeiling)
    {
        var overhang = new long[sizes.Length];
        for (var i = 0; i < overhang.Length; i++)
        {
            var end = ((Output(i, sizes[i], isCeiling) - 1) * Strides[i]) + Reach(i);
            overhang[i] = Math.Max(0, end - sizes[i] - Before[i] - After[i]);
        }

        return overhang;
    }

    /// <summary>A value with what is added around it, and behind it so much more.</summary>
    public Tensor Surround(Tensor x, double value, ReadOnlySpan<long> overhang = default)
    {
        var pad = new long[2 * Kernel.Length]; // From the last axis to the first, before and behind.
        for (var i = 0; i < Kernel.Length; i++)
        {
            var more = overhang.IsEmpty ? 0 : overhang[i];
            (pad[^((2 * i) + 2)], pad[^((2 * i) + 1)]) = (Before[i], After[i] + more);
        }

        return nn.functional.pad(x, pad, value: value);
    }
}
