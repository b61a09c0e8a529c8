using MarginNet.Graph;
using MarginNet.Graph.Modules;
using MarginNet.Graph.Onnx;
using MarginNet.Relaxations;
using MarginNet.Tests.Graph;
using MarginNet.Tests.Lipschitz;
using static TorchSharp.torch;
using Tensor = TorchSharp.torch.Tensor;

namespace MarginNet.Tests.Relaxations;

/// <summary>Small networks, sets of inputs, and points in them.</summary>
internal static class RelaxedCases
{
    private static readonly string[] Curves =
    [
        "Abs", "Celu", "Clip", "Cos", "Elu", "Erf", "Gelu", "HardSigmoid", "HardSwish", "LeakyRelu", "Mish", "Selu", "Sigmoid", "Sin",
        "Softplus", "Softsign", "Swish", "Tanh",
    ];

    private static readonly Dictionary<string, Func<OperatorCase, Func<double>, string>> Graphs = new()
    {
        ["residual"] = (it, draw) =>
        {
            var x = Convolve(it, draw, OperatorCase.Input, 2, 3, "Relu");
            var y = it.Node("Add", [Convolve(it, draw, x, 3, 3, "Relu"), x]);
            return Dense(it, draw, it.Node("Relu", [y]), 3 * 36);
        },
        ["pooling with padding"] = (it, draw) => Dense(
            it, draw,
            it.Node(
                "MaxPool", [Convolve(it, draw, OperatorCase.Input, 2, 2)],
                [("kernel_shape", (long[])[3, 2]), ("strides", (long[])[2, 2]), ("pads", (long[])[1, 0, 1, 1]), ("ceil_mode", 1L)]), 24),
        ["maximum, minimum and concatenation"] = (it, draw) =>
        {
            var (a, b) = (Convolve(it, draw, OperatorCase.Input, 2, 2), Convolve(it, draw, OperatorCase.Input, 2, 2));
            var both = it.Node("Concat", [it.Node("Max", [a, b]), it.Node("Min", [a, OperatorCase.Input])], [("axis", 1L)]);
            both = it.Node("AveragePool", [both], [("kernel_shape", (long[])[2, 2]), ("pads", (long[])[1, 1, 0, 0])]);
            return Dense(it, draw, both, 4 * 36);
        },
        ["normalization, padding and a transposed convolution"] = (it, draw) =>
        {
            string Each(Func<double> number) => it.Constant([2], number);
            var x = it.Node(
                "BatchNormalization", [OperatorCase.Input, Each(draw), Each(draw), Each(draw), Each(() => 0.5 + Math.Abs(draw()))]);
            x = it.Node("Relu", [it.Node("Pad", [x, it.Constant([8], (long[])[0, 0, 1, 0, 0, 0, 0, 2]), it.Constant([], [0.5f])])]);
            x = it.Node("ConvTranspose", [x, it.Constant([2, 3, 2, 2], draw)], [("strides", (long[])[2, 1])]);
            return Dense(it, draw, it.Node("LeakyRelu", [x], [("alpha", 0.3f)]), 3 * 14 * 9);
        },
        ["convolutions of all kinds"] = (it, draw) =>
        {
            (string, object)[] wide =
            [
                ("group", 2L), ("dilations", (long[])[2, 1]), ("pads", (long[])[2, 0, 1, 1]), ("strides", (long[])[1, 2]),
            ];
            var x = it.Node("Relu", [it.Node("Conv", [OperatorCase.Input, it.Constant([4, 1, 3, 2], draw)], wide)]);
            x = it.Node("Conv", [x, it.Constant([3, 4, 1, 1], draw), it.Constant([3], draw)], [("strides", (long[])[2, 2])]);
            x = it.Node("Reshape", [it.Node("Relu", [x]), it.Constant([3], (long[])[0, 3, 6])]);
            return Dense(it, draw, it.Node("Conv", [x, it.Constant([2, 3, 3], draw)], [("strides", (long[])[2])]), 4);
        },
        ["rearrangements"] = (it, draw) =>
        {
            var x = it.Node("SpaceToDepth", [OperatorCase.Input], [("blocksize", 2L)]);
            x = it.Node("PRelu", [it.Node("CumSum", [x, it.Constant([], (long[])[1])]), it.Constant([8, 1, 1], draw)]);
            x = it.Node("Tile", [it.Node("Transpose", [x], [("perm", (long[])[0, 2, 3, 1])]), it.Constant([4], (long[])[1, 1, 2, 1])]);
            x = it.Node("Einsum", [x, it.Constant([8, 2], draw)], [("equation", "nhwc,cd->ndhw")]);
            x = it.Node("Resize", [it.Node("Tanh", [x]), "", it.Constant([4], [1f, 1f, 2f, 1.5f])], [("mode", "linear")]);
            return Dense(it, draw, x, 2 * 6 * 9);
        },
        ["gates of channels"] = (it, draw) =>
        {
            var x = Convolve(it, draw, OperatorCase.Input, 2, 3);
            var gate = it.Node("Sigmoid", [it.Node("GlobalAveragePool", [x])]);
            return Dense(it, draw, it.Node("Mul", [it.Node("Mul", [x, it.Node("Sigmoid", [x])]), gate]), 3 * 36);
        },
        ["largest and smallest"] = (it, draw) =>
        {
            var x = Convolve(it, draw, OperatorCase.Input, 2, 3);
            var largest = it.Node("ReduceMax", [x], [("axes", (long[])[1, 3]), ("keepdims", 1L)]);
            var smallest = it.Node("ReduceMin", [it.Node("Sub", [x, largest])], [("axes", (long[])[2])]);
            return Dense(it, draw, it.Node("Add", [smallest, it.Node("GlobalMaxPool", [x])]), 18);
        },
        ["square"] = (it, draw) =>
        {
            var x = Convolve(it, draw, OperatorCase.Input, 2, 2);
            return Dense(it, draw, it.Node("Sub", [it.Node("Mul", [x, x]), it.Node("Div", [x, it.Constant([2, 1, 1], () => 3)])]), 72);
        },
    };

    /// <summary>The names of all networks.</summary>
    public static IEnumerable<string> Names =>
        [.. Enumerable.Range(0, 8).Select(design => $"design {design}"), .. Graphs.Keys, .. Curves];

    /// <summary>A network of random weights in double precision.</summary>
    public static NetworkGraph Create(string name, Random random)
    {
        double Draw() => OperatorCase.Normal(random) * 0.7;
        if (name.StartsWith("design ", StringComparison.Ordinal))
        {
            var (network, input) = RandomNetworks.Create(name[^1] - '0');
            using (network)
            {
                return Precise(ModuleReader.Read(network, input));
            }
        }

        var it = new OperatorCase(Curves.Contains(name) ? [6] : [2, 6, 6], name is "Gelu" or "Swish" ? 24 : name == "Mish" ? 18 : 17);
        if (Graphs.TryGetValue(name, out var build))
        {
            _ = build(it, Draw);
        }
        else
        {
            var x = it.Node("Gemm", [OperatorCase.Input, it.Constant([6, 5], Draw), it.Constant([5], Draw)]);
            string[] inputs = name == "Clip" ? [x, it.Constant([], [-0.3f]), it.Constant([], [0.6f])] : [x];
            it.Node("Gemm", [it.Node(name, inputs), it.Constant([5, 3], Draw)]);
        }

        return Precise(OnnxReader.Read(it.ToModel(), it.Image));
    }

    /// <summary>The same network with all of its numbers in double precision.</summary>
    public static NetworkGraph Precise(NetworkGraph graph) => new(
        graph.Input,
        [.. graph.Parameters.Select(parameter => parameter with
        {
            Value = parameter.Value.is_floating_point() ? parameter.Value.detach().to(ScalarType.Float64, copy: true)
                : parameter.Value.clone(),
        })],
        graph.Nodes,
        graph.Output);

    /// <summary>The scores of images, shape [N, C].</summary>
    public static Tensor Scores(NetworkGraph graph, Tensor images)
    {
        var x = images.reshape(graph.Input.At(images.shape[0]));
        return graph.Run(x, [.. graph.Parameters.Select(parameter => parameter.Value)]).flatten(1);
    }

    /// <summary>Sets of each kind around images in [0, 1].</summary>
    public static InputSet Set(int kind, Tensor center, double radius)
    {
        var radii = full(center.shape[0], radius, dtype: ScalarType.Float64);
        return kind switch
        {
            0 => new BoxSet(center - radius, center + radius),
            1 => new BoxSet((center - radius).clamp_min(0), (center + radius).clamp_max(1)),
            _ => new BallSet(center, radii * 3, isEuclidean: kind is 2 or 3, isCut: kind is 3 or 5),
        };
    }

    /// <summary>Points of a set: drawn, at corners, and where functions were driven down along gradients; shape [P, N, D].</summary>
    public static Tensor Points(NetworkGraph graph, InputSet set, Tensor rows)
    {
        var box = set.Box;
        Tensor[] directions =
        [
            randn(10, box.Lower.shape[0], box.Lower.shape[1], ScalarType.Float64),
            rand(10, box.Lower.shape[0], box.Lower.shape[1], ScalarType.Float64).gt(0.5).to(ScalarType.Float64).mul(2).sub(1),
        ];
        var ends = set.Minimizer(cat(directions));
        var middle = set.Minimizer(cat(directions).neg()); // Between points of a convex set is the set.
        return cat([ends, (ends + (middle * 3)) / 4, Descended(graph, set, rows)]).maximum(box.Lower).minimum(box.Upper);
    }

    /// <summary>Frank and Wolfe's descent of each function in each set, shape [R, N, D].</summary>
    private static Tensor Descended(NetworkGraph graph, InputSet set, Tensor rows)
    {
        using var gradients = enable_grad();
        var (count, sets) = (rows.shape[0], set.Box.Lower.shape[0]);
        var x = ((set.Box.Lower + set.Box.Upper) / 2).expand(count, sets, -1);
        x = set.Minimizer(zeros_like(x)).mul(0.5) + set.Minimizer(randn_like(x)).mul(0.5);
        for (var i = 0; i < 8; i++)
        {
            var leaf = x.detach().requires_grad_();
            var scores = Scores(graph, leaf.reshape(count * sets, -1)).reshape(count, sets, -1);
            (scores * rows).sum().backward();
            x = x + ((set.Minimizer(leaf.grad!) - x) * (i == 0 ? 1 : 2.0 / (i + 2)));
        }

        return x.detach();
    }

    private static string Convolve(OperatorCase it, Func<double> draw, string x, long channels, long outputs, string? activation = null)
    {
        var value = it.Node(
            "Conv", [x, it.Constant([outputs, channels, 3, 3], draw), it.Constant([outputs], draw)], [("pads", (long[])[1, 1, 1, 1])]);
        return activation is null ? value : it.Node(activation, [value]);
    }

    private static string Dense(OperatorCase it, Func<double> draw, string x, long inputs) =>
        it.Node("Gemm", [it.Node("Flatten", [x]), it.Constant([inputs, 3], draw), it.Constant([3], draw)]);
}
