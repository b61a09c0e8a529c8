using System.Collections.Immutable;
using MarginNet.Bounds;
using MarginNet.Graph.Onnx;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace MarginNet.Graph.Operations;

/// <summary>The transposed map of a convolution over one to three axes: each number lays a window of weights.</summary>
/// <remarks>Inputs: x [N, C, …], weight [C, out/groups, …], and where there is one a bias [out].</remarks>
/// <param name="Window">How it slides; what it adds before and behind is cut here.</param>
/// <param name="Extra">Zeros put behind each axis before that is cut.</param>
/// <param name="Groups">The groups that channels are in.</param>
internal sealed record ConvTranspose(Window Window, ImmutableArray<long> Extra, long Groups) : Operation
{
    private const int Most = 1 << 20;

    public override string Kind => "ConvTranspose";

    public override bool IsAffine(LayerNode node) => node.HasOneInput(0);

    protected override IEnumerable<(string Name, object Value)> Attributes =>
        [.. Window.Attributes, ("output_padding", (long[])[.. Extra]), ("group", Groups)];

    public static Operand[] Read(OnnxNode node, GraphBuilder graph)
    {
        var (x, weight) = (node.Input(0).Shape, node.Input(1).Shape);
        if (x.Rank is not (3 or 4 or 5) || weight.Rank != x.Rank || x.Sizes.Skip(2).Any(size => size.IsPerImage))
        {
            throw new InvalidDataException(
                $"It gets {x} and {weight}: expected [N, C, ...] with one to three axes more, and a weight alike.");
        }

        var axes = x.Rank - 2;
        var window = Window.Read(node, x.Sizes.AsSpan()[2..], weight.Sizes.Skip(2).Select(size => size.Count));
        var extra = node.Integers("output_padding", axes, 0, 0, Most);
        var same = node.Text("auto_pad", "NOTSET");
        var isSame = same.StartsWith("SAME", StringComparison.Ordinal);
        if (node.Has("output_shape") || isSame)
        {
            var given = node.Has("output_shape") ? node.Integers("output_shape", axes, 0, 1, Most) : null;
            var (before, after) = (new long[axes], new long[axes]);
            for (var i = 0; i < axes; i++)
            {
                var natural = ((x[2 + i].Count - 1) * window.Strides[i]) + extra[i] + window.Reach(i);
                var cut = natural - (given?[i] ?? (x[2 + i].Count * window.Strides[i]));
                extra[i] += given is null ? 0 : Math.Max(0, -cut);
                cut = Math.Max(0, cut);
                (before[i], after[i]) = same == "SAME_UPPER" ? (cut / 2, cut - (cut / 2)) : (cut - (cut / 2), cut / 2);
            }

            window = window with { Before = [.. before], After = [.. after] };
        }

        return [graph.Add(node.Name, new ConvTranspose(window, [.. extra], node.Integer("group", 1)), node.All())];
    }

    public override ValueShape Shape(ValueShape[] inputs)
    {
        if (inputs is not [var x, var weight, .. { Length: <= 1 } bias] || Groups < 1
            || x.Rank != weight.Rank || x.Rank != Window.Kernel.Length + 2
            || !weight.Sizes.Skip(2).Select(size => size.Count).SequenceEqual(Window.Kernel)
            || x[1] != weight[0] || weight[0].Count % Groups != 0
            || bias is [var only] && only != new ValueShape(weight[1].Count * Groups))
        {
            throw Misfit(inputs, $"[N, C, ...], [C, out/{Groups}, {string.Join(", ", Window.Kernel)}] and perhaps [out]");
        }

        ImmutableArray<Dimension> sizes = [.. Window.Kernel.Select((_, i) => new Dimension(
            Natural(i, x[2 + i].At(1)) + Extra[i] - Window.Before[i] - Window.After[i]))];
        return sizes.All(size => size.Count > 0) ? new([x[0], weight[1].Count * Groups, .. sizes])
            : throw Misfit(
                inputs, $"images of which something is left where [{string.Join(", ", Window.Before.AddRange(Window.After))}] is cut");
    }

    private long Natural(int axis, long size) => ((size - 1) * Window.Strides[axis]) + Window.Reach(axis);

    public override ParameterRole Role(int input) => input > 0 ? ParameterRole.Weight : ParameterRole.Constant;

    public override long Terms(LayerNode node) =>
        (Math.Max(node.Shapes[1][1].Count, node.Shapes[1][0].Count / Groups)
            * Window.Kernel.Aggregate(1L, (product, side) => product * side)) + 1;

    public override IReadOnlyList<Layer>? Layers(LayerNode node)
    {
        if (node.Data != 0 || !Window.IsSymmetric || Rearrangement.Shape(node.Shapes[0]) is not { } input
            || Rearrangement.Shape(node.Shape) is not { } output)
        {
            return null;
        }

        var weight = node.Weight(1);
        var geometry = Window.Geometry with { Groups = (int)Groups, Height = output.Height, Width = output.Width };
        var plane = weight.dim() == 3 ? weight.unsqueeze(2) : weight;
        return geometry.Output((int)plane.shape[2], (int)plane.shape[3]) == (input.Height, input.Width)
            ? [new TransposedConvolutionLayer(node.Name, new(node.Name, plane, 0, geometry), output) { Bias = node.Optional(2) }]
            : null;
    }

    public override Tensor Run(Tensor[] inputs, bool isTraining)
    {
        var (x, bias) = (inputs[0], inputs.Length > 2 ? inputs[2] : null);
        if (Window.IsSymmetric && Extra.Select((size, i) => size < Math.Max(Window.Strides[i], Window.Dilations[i])).All(fits => fits))
        {
            return Run(x, inputs[1], bias, [.. Window.Before], [.. Extra]);
        }

        var zeros = new long[Extra.Length];
        var value = Run(x, inputs[1], null, zeros, zeros);
        // From the last axis to the first; negative ones cut.
        value = F.pad(
            value, [.. Extra.Select((size, i) => (long[])[-Window.Before[i], size - Window.After[i]]).Reverse().SelectMany(both => both)]);
        return bias is null ? value : value + bias.reshape([-1, .. zeros.Select(_ => 1L)]);
    }

    private Tensor Run(Tensor x, Tensor weight, Tensor? bias, long[] padding, long[] extra)
    {
        long[] strides = [.. Window.Strides];
        long[] dilations = [.. Window.Dilations];
        return x.dim() switch
        {
            3 => F.conv_transpose1d(
                x, weight, bias, stride: strides[0], padding: padding[0], output_padding: extra[0], dilation: dilations[0], groups: Groups),
            4 => F.conv_transpose2d(
                x, weight, bias, strides: strides, padding: padding, output_padding: extra, dilation: dilations, groups: Groups),
            _ => F.conv_transpose3d(
                x, weight, bias, strides: strides, padding: padding, output_padding: extra, dilation: dilations, groups: Groups),
        };
    }
}
