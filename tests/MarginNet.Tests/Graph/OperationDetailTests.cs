using MarginNet.Graph;
using MarginNet.Graph.Onnx;
using Onnx;
using static TorchSharp.torch;

namespace MarginNet.Tests.Graph;

/// <summary>What only some operations have: constants, types, training, and errors.</summary>
public sealed class OperationDetailTests
{
    [Theory]
    [InlineData("Equal")]
    [InlineData("Greater")]
    [InlineData("GreaterOrEqual")]
    [InlineData("Less")]
    [InlineData("LessOrEqual")]
    public void Comparisons_of_constants_are_ONNX_Runtimes(string comparison)
    {
        var random = new Random(4);
        for (var trial = 0; trial < 200; trial++)
        {
            var it = new OperatorCase([3, 4]);
            string Draw(params long[] shape) => it.Constant(shape, () => random.Next(-1, 2));
            string Condition() => it.Node(comparison, [Draw(3, 1), Draw(1, 4)]);
            var condition = random.Next(5) switch
            {
                0 => it.Node("And", [Condition(), Condition()]),
                1 => it.Node("Or", [Condition(), Condition()]),
                2 => it.Node("Xor", [Condition(), Condition()]),
                3 => it.Node("Not", [Condition()]),
                _ => Condition(),
            };
            it.Node("Where", [condition, OperatorCase.Input, it.Constant([1], [1f])]);
            Assert.Equal(0, it.Difference(random));
        }
    }

    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    public void Powers_of_negative_numbers_by_integers_are_ONNX_Runtimes(int exponent)
    {
        var random = new Random(5);
        var it = new OperatorCase([3, 4]);
        it.Node("Pow", [OperatorCase.Input, it.Constant([], [(float)exponent])]);
        Assert.InRange(it.Difference(random), 0, 1e-6);
        it.Node("Pow", [OperatorCase.Input, it.Constant([], [(long)exponent])]);
        Assert.InRange(it.Difference(random), 0, 1e-6);
    }

    [Fact]
    public void A_constant_is_a_tensor_a_number_or_a_list()
    {
        var random = new Random(6);
        var tensor = new TensorProto { DataType = (int)TensorProto.Types.DataType.Float, Dims = { 2 }, FloatData = { 1, -2 } };
        foreach (var attribute in new (string, object)[] { ("value", tensor), ("value_float", 3f), ("value_floats", new[] { 4f, 5 }) })
        {
            var it = new OperatorCase([3, 2]);
            it.Node("Mul", [OperatorCase.Input, it.Node("Constant", [], [attribute])]);
            Assert.Equal(0, it.Difference(random));
        }

        foreach (var attribute in new (string, object)[] { ("value_int", 3L), ("value_ints", new[] { 4L, -5 }) })
        {
            var it = new OperatorCase([3, 2]);
            var real = it.Node("Cast", [it.Node("Constant", [], [attribute])], [("to", (long)TensorProto.Types.DataType.Float)]);
            it.Node("Mul", [OperatorCase.Input, real]);
            Assert.Equal(0, it.Difference(random));
        }
    }

    [Theory]
    [InlineData(TensorProto.Types.DataType.Int64)]
    [InlineData(TensorProto.Types.DataType.Int32)]
    [InlineData(TensorProto.Types.DataType.Bool)]
    [InlineData(TensorProto.Types.DataType.Double)]
    public void Constants_are_cast_as_ONNX_Runtime_casts_them(TensorProto.Types.DataType type)
    {
        var it = new OperatorCase([5]);
        var cast = it.Node("Cast", [it.Constant([5], [-1.7f, -0.5f, 0, 0.5f, 2.7f])], [("to", (long)type)]);
        it.Node("Mul", [OperatorCase.Input, it.Node("Cast", [cast], [("to", (long)TensorProto.Types.DataType.Float)])]);
        Assert.Equal(0, it.Difference(new(7)));
    }

    [Fact]
    public void Integers_are_divided_towards_zero()
    {
        var it = new OperatorCase([4]);
        var quotient = it.Node("Div", [it.Constant([4], [7L, -7, 6, -1]), it.Constant([1], [2L])]);
        it.Node("Mul", [OperatorCase.Input, it.Node("Cast", [quotient], [("to", (long)TensorProto.Types.DataType.Float)])]);
        Assert.Equal(0, it.Difference(new(8)));
    }

    [Fact]
    public void A_softmax_over_all_axes_but_the_images_sums_to_one()
    {
        using var scope = NewDisposeScope();
        var it = new OperatorCase([2, 3, 4], 11);
        it.Node("Softmax", [OperatorCase.Input]);
        var graph = OnnxReader.Read(it.ToModel(), it.Image, keepsSoftmax: true);
        var sums = Run(graph, randn(5, 2, 3, 4)).sum([1, 2, 3]);
        Assert.All(sums.data<float>().ToArray(), sum => Assert.Equal(1, sum, 1e-5));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(1000)]
    public void Local_response_normalization_is_its_definition(int size)
    {
        const int channels = 6;
        using var scope = NewDisposeScope();
        var it = new OperatorCase([channels]);
        it.Node("LRN", [OperatorCase.Input], [("size", (long)size), ("alpha", 0.5f), ("beta", 0.6f), ("bias", 1.5f)]);
        var random = new Random(9);
        double[] x = [.. Enumerable.Range(0, channels).Select(_ => OperatorCase.Normal(random))];
        var found = Run(OnnxReader.Read(it.ToModel(), it.Image, keepsSoftmax: true), tensor(x, [1, channels])).data<double>().ToArray();
        for (var c = 0; c < channels; c++)
        {
            // ONNX: the channels from c − ⌊(size − 1)/2⌋ to c + ⌈(size − 1)/2⌉.
            var squares = Enumerable.Range(0, channels).Where(i => i >= c - ((size - 1) / 2) && i <= c + (size / 2)).Sum(i => x[i] * x[i]);
            Assert.Equal(x[c] / Math.Pow(1.5 + (0.5 * squares / size), 0.6f), found[c], 1e-7); // The attributes are float32.
        }
    }

    [Fact]
    public void Group_normalization_of_set_18_scales_groups()
    {
        using var scope = NewDisposeScope();
        float[] scale = [2, -1];
        OperatorCase Case(int set, float[] scales, float[] biases)
        {
            var it = new OperatorCase([4, 3], set);
            it.Node("GroupNormalization", [OperatorCase.Input, it.Constant([scales.Length], scales), it.Constant([biases.Length], biases)],
                [("num_groups", 2L)]);
            return it;
        }

        var images = randn(3, 4, 3);
        var old = Case(18, scale, [0.5f, 3]);
        var young = Case(21, [2, 2, -1, -1], [0.5f, 0.5f, 3, 3]);
        Assert.Equal(
            Run(OnnxReader.Read(young.ToModel(), young.Image, keepsSoftmax: true), images).data<float>().ToArray(),
            Run(OnnxReader.Read(old.ToModel(), old.Image, keepsSoftmax: true), images).data<float>().ToArray());
    }

    [Fact]
    public void Norms_have_no_gradient_at_zero()
    {
        foreach (var name in new[] { "ReduceL2", "LpNormalization" })
        {
            using var scope = NewDisposeScope();
            var it = new OperatorCase([3]);
            it.Node(name, [OperatorCase.Input], name == "ReduceL2" ? [("axes", new[] { 1L })] : []);
            var x = zeros(2, 3).requires_grad_();
            var scores = Run(OnnxReader.Read(it.ToModel(), it.Image, keepsSoftmax: true), x);
            scores.sum().backward();
            Assert.All(scores.data<float>().ToArray(), score => Assert.Equal(0, score));
            Assert.All(x.grad!.data<float>().ToArray(), slope => Assert.True(float.IsFinite(slope)));
        }
    }

    [Fact]
    public void Dropout_drops_its_share_in_training_only()
    {
        const double ratio = 0.25;
        using var scope = NewDisposeScope();
        var it = new OperatorCase([100, 100]);
        it.Node("Dropout", [OperatorCase.Input, it.Constant([], [(float)ratio])]);
        var graph = OnnxReader.Read(it.ToModel(), it.Image, keepsSoftmax: true);
        var images = ones(1, 100, 100);
        Assert.All(Run(graph, images).data<float>().ToArray(), value => Assert.Equal(1, value));
        var trained = graph.Run(images, [], isTraining: true).data<float>().ToArray();
        Assert.All(trained, value => Assert.True(value == 0 || Math.Abs(value - (1 / (1 - ratio))) < 1e-6));
        Assert.InRange(trained.Count(value => value == 0) / 1e4, ratio - 0.05, ratio + 0.05); // Eleven standard deviations.
    }

    [Fact]
    public void Scales_and_biases_are_learned_and_numbers_alone_are_not()
    {
        using var scope = NewDisposeScope();
        var it = new OperatorCase([3]);
        var normal = it.Node("LayerNormalization", [OperatorCase.Input, it.Constant([3], [1f, 2, 3]), it.Constant([3], [4f, 5, 6])]);
        var risen = it.Node("Add", [it.Node("Erf", [normal]), it.Constant([], [1f])]);
        var bent = it.Node("PRelu", [it.Node("Sub", [risen, it.Constant([1], [0.5f])]), it.Constant([1], [0.25f])]);
        it.Node("Mul", [bent, it.Constant([3], [1f, 2, 3])]);
        var graph = OnnxReader.Read(it.ToModel(), it.Image, keepsSoftmax: true);
        Assert.Equal(
            [
                ("c0", ParameterRole.Weight), ("c1", ParameterRole.Weight), ("c2", ParameterRole.Constant), ("c3", ParameterRole.Constant),
                ("c4", ParameterRole.Weight), ("c5", ParameterRole.Weight),
            ],
            graph.Parameters.Select(parameter => (parameter.Name, parameter.Role)));
    }

    [Theory]
    [InlineData("ReduceMean", "axes", new[] { 0L }, "the axis of the images")]
    [InlineData("ReduceMax", "axes", new[] { 1L, -3 }, "the axis of the images")]
    [InlineData("ReduceMin", "axes", new[] { 1L, -2 }, "expected each once")]
    [InlineData("ReduceL2", "axes", new[] { 3L }, "Its axis is 3, of a value with 3")]
    [InlineData("ReduceSum", "axes", new[] { 7L }, "Its axis is 7, of a value with 3")]
    [InlineData("MeanVarianceNormalization", "axes", new[] { 0L, 2 }, "the axis of the images")]
    [InlineData("Softmax", "axis", 0L, "axis 0 is not that of the images")]
    [InlineData("LogSoftmax", "axis", -4L, "Its axis is -4, of a value with 3")]
    [InlineData("LpNormalization", "axis", 0L, "axis 0 is not that of the images")]
    [InlineData("LpNormalization", "p", 3L, "Its attribute 'p' is 3: expected 1 or 2")]
    [InlineData("LRN", "size", 0L, "Its attribute 'size' is 0")]
    [InlineData("LRN", "alpha", 1f, "It has no attribute 'size'")]
    [InlineData("Celu", "alpha", 0f, "Its attribute 'alpha' is 0")]
    [InlineData("Elu", "alpha", float.NaN, "Its attribute 'alpha' is NaN")]
    [InlineData("LeakyRelu", "alpha", 1L, "Its attribute 'alpha' is Int: expected Float")]
    [InlineData("Gelu", "approximate", "often", "Its attribute 'approximate' is 'often': expected none or tanh")]
    [InlineData("Dropout", "ratio", 1f, "Its ratio is 1: expected at least 0 and below 1")]
    [InlineData("Cast", "to", 7L, "depends on the images")]
    [InlineData("Cast", "to", 8L, "Its type is String")]
    [InlineData("Cast", "from", 1L, "It has no attribute 'to'")]
    [InlineData("Constant", "value_string", "text", "Its value is no tensor of numbers")]
    [InlineData("Add", "axis", 1L, "It has no input 1")]
    [InlineData("Hardmax", "axis", 1L, "Its operator is not known here")]
    public void What_an_operation_does_not_take_is_one_line_with_the_node(string name, string attribute, object value, string expected)
    {
        using var scope = NewDisposeScope();
        var it = new OperatorCase([4, 5]);
        it.Node(name, [OperatorCase.Input], [(attribute, value)]);
        AssertRefused(it, name, expected);
    }

    [Fact]
    public void Inputs_that_an_operation_does_not_take_are_one_line_with_the_node()
    {
        using var scope = NewDisposeScope();
        void Refused(string name, string expected, Func<OperatorCase, string[]> others, int set = 21, (string, object)[]? attributes = null)
        {
            var it = new OperatorCase([4, 5], set);
            it.Node(name, [OperatorCase.Input, .. others(it)], attributes);
            AssertRefused(it, name, expected);
        }

        string Three(OperatorCase it) => it.Constant([3], [1f, 2, 3]);
        string Five(OperatorCase it) => it.Constant([5], [1f, 2, 3, 4, 5]);
        Refused("Mul", "It gets [N, 4, 5] and [3]", it => [Three(it)]);
        Refused("PRelu", "It gets [N, 4, 5] and [3]", it => [Three(it)]);
        Refused("PRelu", "It gets [N, 4, 5] and [2, 1, 1, 1]", it => [it.Constant([2, 1, 1, 1], [1f, 2])]);
        Refused("LayerNormalization", "It gets [N, 4, 5] and [3]", it => [Three(it)]);
        Refused("InstanceNormalization", "It gets [N, 4, 5] and [5] and [5]", it => [Five(it), Five(it)]);
        Refused("GroupNormalization", "It has no attribute 'num_groups'", it => [Five(it), Five(it)]);
        Refused("GroupNormalization", "C a multiple of 3", it => [Three(it), Three(it)], attributes: [("num_groups", 3L)]);
        Refused("GroupNormalization", "expected constants [2]", it => [Three(it), Three(it)], 18, [("num_groups", 2L)]);
        Refused("Clip", "not one number known beforehand", it => [Three(it)]);
        Refused("Clip", "Its min is not a number", it => [it.Constant([], [float.NaN])]);
        Refused("Dropout", "It is in training mode", it => ["", it.Constant([], [1L])]);
        Refused("ReduceSum", "not known beforehand", it => [Five(it)]);

        var zero = new OperatorCase([2]);
        var quotient = zero.Node("Div", [zero.Constant([1], [1L]), zero.Constant([1], [0L])]);
        zero.Node("Mul", [OperatorCase.Input, quotient]);
        AssertRefused(zero, "Div", "ZeroDivisionError");

        var mask = new OperatorCase([2]);
        mask.Node("Dropout", [OperatorCase.Input], outputs: 2);
        mask.Node("Where", ["Dropout0_1", OperatorCase.Input, OperatorCase.Input]);
        AssertRefused(mask, "Where", "is an output that is not computed here");
    }

    private static void AssertRefused(OperatorCase it, string name, string expected)
    {
        var error = Assert.Throws<InvalidDataException>(() => OnnxReader.Read(it.ToModel(), it.Image, keepsSoftmax: true)).Message;
        Assert.StartsWith($"Node '{name}", error, StringComparison.Ordinal);
        Assert.Contains(expected, error, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', error);
    }

    private static Tensor Run(NetworkGraph graph, Tensor images) =>
        graph.Run(images, [.. graph.Parameters.Select(parameter => parameter.Value)]);
}
