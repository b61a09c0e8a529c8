using System.Collections.Immutable;
using MarginNet.Bounds;
using MarginNet.Graph.Onnx;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace MarginNet.Graph.Operations;

/// <summary>A convolution over one to three axes, in groups of channels, with zeros around.</summary>
/// <remarks>Inputs: x [N, C, …], weight [out, C/groups, …], and where there is one a bias [out].</remarks>
/// <param name="Window">How it slides.</param>
/// <param name="Groups">The groups that channels are in.</param>
internal sealed record Convolution(Window Window, long Groups) : Operation
{
    public override string Kind => "Conv";

    public override bool IsAffine(LayerNode node) => node.HasOneInput(0);

    protected override IEnumerable<(string Name, object Value)> Attributes => [.. Window.Attributes, ("group", Groups)];

    public static Operand[] Read(OnnxNode node, GraphBuilder graph)
    {
        var (x, weight) = (node.Input(0), node.Input(1));
        if (x.Shape.Rank is not (3 or 4 or 5) || weight.Shape.Rank != x.Shape.Rank)
        {
            throw new InvalidDataException(
                $"It gets {x.Shape} and {weight.Shape}: expected [N, C, ...] with one to three axes more, and a weight alike.");
        }

        var sides = weight.Shape.Sizes.Skip(2).Select(size => size.Count);
        var window = Window.Read(node, x.Shape.Sizes.AsSpan()[2..], sides);
        var operation = new Convolution(window, node.Integer("group", 1));
        return [graph.Add(node.Name, operation, node.All())];
    }

    public override ValueShape Shape(ValueShape[] inputs)
    {
        if (inputs is not [var x, var weight, .. var bias] || bias.Length > 1
            || Array.Exists(bias, each => each != new ValueShape(weight[0]))
            || x.Rank != weight.Rank || x.Rank != Window.Kernel.Length + 2
            || !weight.Sizes.Skip(2).Select(size => size.Count).SequenceEqual(Window.Kernel)
            || Groups < 1 || weight[0].Count % Groups != 0 || x[1] != new Dimension(weight[1].Count * Groups))
        {
            throw Misfit(inputs, $"[N, C, ...], [out, C/{Groups}, {string.Join(", ", Window.Kernel)}] and perhaps [out]");
        }

        var sizes = Window.Kernel.Select((_, axis) => new Dimension(Window.Output(axis, x[2 + axis].At(1))));
        ImmutableArray<Dimension> shape = [x[0], weight[0], .. sizes];
        return shape.Skip(2).All(size => size.Count > 0) ? new(shape)
            : throw Misfit(inputs, $"images of at least the size of its window [{string.Join(", ", Window.Kernel)}]");
    }

    public override ParameterRole Role(int input) => input > 0 ? ParameterRole.Weight : ParameterRole.Constant;

    private bool IsPointwise => Window.Kernel.All(side => side == 1) && Window.Strides.Any(step => step > 1);

    public override Tensor Transposed(LayerNode node, int input, Tensor y)
    {
        if (!Window.IsSymmetric || IsPointwise || y.dim() != 4)
        {
            return base.Transposed(node, input, y);
        }

        // What the last window did not reach.
        long[] rest = [.. Window.Kernel.Select((_, axis) =>
            node.Shapes[0][2 + axis].Count + (2 * Window.Before[axis]) - Window.Reach(axis)
            - ((node.Shape[2 + axis].Count - 1) * Window.Strides[axis]))];
        return F.conv_transpose2d(
            y, node.Stored(1), null, strides: [.. Window.Strides], padding: [.. Window.Before], output_padding: rest,
            dilation: [.. Window.Dilations], groups: Groups);
    }

    public override Tensor RowNorms(LayerNode node) =>
        node.Stored(1).flatten(1).norm(1).reshape([-1, .. Window.Kernel.Select(_ => 1L)]);

    public override long Terms(LayerNode node) =>
        (Math.Max(node.Shapes[1][1].Count, node.Shapes[1][0].Count / Groups)
            * Window.Kernel.Aggregate(1L, (product, side) => product * side)) + 1;

    public override IReadOnlyList<Layer>? Layers(LayerNode node)
    {
        if (node.Data != 0 || Rearrangement.Shape(node.Shapes[0]) is null)
        {
            return null;
        }

        var (weight, geometry) = (node.Weight(1), Window.Geometry with { Groups = (int)Groups });
        return
        [
            new ConvolutionLayer(node.Name, weight.dim() == 3 ? weight.unsqueeze(2) : weight, 0, geometry) { Bias = node.Optional(2) },
        ];
    }

    public override Tensor Run(Tensor[] inputs, bool isTraining)
    {
        var (x, weight, bias) = (inputs[0], inputs[1], inputs.Length > 2 ? inputs[2] : null);
        var isSurrounded = !Window.IsSymmetric || (IsPointwise && Window.Before.Any(size => size > 0));
        if (isSurrounded)
        {
            x = Window.Surround(x, 0);
        }

        if (IsPointwise)
        {
            return Pointwise(x, weight, bias);
        }

        return Convolve(x, weight, bias, [.. Window.Strides], [.. isSurrounded ? Window.Before.Select(_ => 0L) : Window.Before]);
    }

    /// <summary>Every s-th number, and then a product of matrices: oneDNN's convolution of that kind is wrong on some processors, and its
    /// gradient writes past its memory (its issue 6035).</summary>
    private Tensor Pointwise(Tensor x, Tensor weight, Tensor? bias)
    {
        for (var axis = 0; axis < Window.Strides.Length; axis++)
        {
            x = x.slice(2 + axis, 0, x.shape[2 + axis], Window.Strides[axis]);
        }

        long[] ones = [.. Window.Strides.Select(_ => 1L)];
        return Groups == 1 ? F.linear(x.movedim([1], [-1]), weight.flatten(1), bias).movedim([-1], [1])
            : Convolve(x.contiguous(), weight, bias, ones, [.. Window.Strides.Select(_ => 0L)]);
    }

    private Tensor Convolve(Tensor x, Tensor weight, Tensor? bias, long[] strides, long[] padding)
    {
        long[] dilations = [.. Window.Dilations];
        return x.dim() switch
        {
            3 => F.conv1d(x, weight, bias, stride: strides[0], padding: padding[0], dilation: dilations[0], groups: Groups),
            4 => F.conv2d(x, weight, bias, strides: strides, padding: padding, dilation: dilations, groups: Groups),
            _ => F.conv3d(x, weight, bias, strides: strides, padding: padding, dilation: dilations, groups: Groups),
        };
    }
}
