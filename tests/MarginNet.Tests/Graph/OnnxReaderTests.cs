using MarginNet.Graph.Onnx;
using Onnx;
using static TorchSharp.torch;
using Tensor = TorchSharp.torch.Tensor;

namespace MarginNet.Tests.Graph;

public sealed class OnnxReaderTests
{
    [Fact]
    public void Names_are_fit_for_messages_and_no_two_alike_whatever_a_file_has()
    {
        using var scope = NewDisposeScope();
        var it = new OperatorCase([3]);
        it.Node("Relu", [it.Node("Neg", [it.Node("Relu", [OperatorCase.Input])])]);
        var model = it.ToModel();
        string[] names = ["a\u001bb", "a\u001cb", new('x', 10_000)];
        for (var i = 0; i < names.Length; i++)
        {
            var node = model.Graph.Node[i];
            (node.Name, node.Output[0]) = (names[i], names[i]);
            if (i > 0)
            {
                node.Input[0] = names[i - 1];
            }
        }

        model.Graph.Output[0].Name = names[^1];
        var found = OnnxReader.Read(model, [3]).Nodes.Select(node => node.Name).ToArray();
        Assert.Equal(["a?b", "a?b_1"], found[..2]);
        Assert.InRange(found[2].Length, 1, 300);
    }

    [Fact]
    public void A_file_made_for_one_image_takes_many()
    {
        using var scope = NewDisposeScope();
        var it = new OperatorCase([2, 3]);
        var flat = it.Node("Reshape", [OperatorCase.Input, it.Constant([2], [1L, -1])]);
        var wide = it.Node("Reshape", [flat, it.Constant([3], [1L, 3, 2])]);
        var token = it.Constant([1, 1, 2], [5f, 6]);
        it.Node("Concat", [token, wide], [("axis", 1L)]);
        var model = it.ToModel();
        model.Graph.Input[0].Type.TensorType.Shape.Dim[0] = new() { DimValue = 1 };
        var images = arange(12, dtype: ScalarType.Float32).reshape(2, 2, 3);
        var found = Run(model, images);
        Assert.Equal([2, 4, 2], found.shape);
        Assert.Equal([5f, 6, 0, 1, 2, 3, 4, 5, 5, 6, 6, 7, 8, 9, 10, 11], found.data<float>().ToArray());
    }

    [Fact]
    public void A_file_made_for_another_image_is_refused()
    {
        var it = new OperatorCase([3, 8, 8]);
        it.Node("Relu", [OperatorCase.Input]);
        Refused(it.ToModel(), [3, 4, 4], "Its input 'x' is [?, 3, 8, 8]: expected the number of images and [3, 4, 4].");
    }

    [Fact]
    public void Channels_may_come_last()
    {
        using var scope = NewDisposeScope();
        var it = new OperatorCase([8, 6, 3]);
        it.Node("Transpose", [OperatorCase.Input], [("perm", new long[] { 0, 3, 1, 2 })]);
        Assert.Equal("[N, 8, 6, 3]", OnnxReader.Read(it.ToModel(), [3, 8, 6]).Input.ToString());
        var open = it.ToModel();
        foreach (var size in open.Graph.Input[0].Type.TensorType.Shape.Dim)
        {
            size.DimParam = "any";
        }

        Assert.Equal("[N, 8, 6, 3]", OnnxReader.Read(open, [3, 8, 6]).Input.ToString());
    }

    [Theory]
    [InlineData((int)TensorProto.Types.DataType.Float16)]
    [InlineData((int)TensorProto.Types.DataType.Bfloat16)]
    [InlineData((int)TensorProto.Types.DataType.Double)]
    public void Weights_of_other_precision_are_read_as_float32(int type)
    {
        using var scope = NewDisposeScope();
        var it = new OperatorCase([2]);
        it.Node("Mul", [OperatorCase.Input, it.Constant([2], [0.5f, -3])]);
        var model = it.ToModel();
        var weight = new TensorProto { Name = "c0", DataType = type, Dims = { 2 } };
        switch ((TensorProto.Types.DataType)type)
        {
            case TensorProto.Types.DataType.Double: weight.DoubleData.Add([0.5, -3]); break;
            case TensorProto.Types.DataType.Float16: weight.Int32Data.Add([0x3800, 0xC200]); break;
            default: weight.Int32Data.Add([0x3F00, 0xC040]); break;
        }

        model.Graph.Initializer[0] = weight;
        Assert.Equal([0.5f, -3], Run(model, ones(1, 2)).data<float>().ToArray());
    }

    [Fact]
    public void Only_the_branch_that_is_taken_is_read()
    {
        using var scope = NewDisposeScope();
        var it = new OperatorCase([2]);
        var condition = it.Constant([], [1L]);
        it.Node("If", [condition]);
        var model = it.ToModel();
        model.Graph.Node[0].Attribute.Add([Branch("then_branch", "Neg"), Branch("else_branch", "NotKnown")]);
        Assert.Equal([-1f, -1], Run(model, ones(1, 2)).data<float>().ToArray());

        static AttributeProto Branch(string name, string type) => new()
        {
            Name = name,
            Type = AttributeProto.Types.AttributeType.Graph,
            G = new()
            {
                Node = { new NodeProto { OpType = type, Input = { OperatorCase.Input }, Output = { name } } },
                Output = { new ValueInfoProto { Name = name } },
            },
        };
    }

    [Fact]
    public void A_node_that_nothing_needs_may_be_of_any_kind()
    {
        var it = new OperatorCase([2]);
        it.Node("NotKnown", [OperatorCase.Input]);
        it.Node("Relu", [OperatorCase.Input]);
        using var scope = NewDisposeScope();
        Assert.Single(OnnxReader.Read(it.ToModel(), [2]).Nodes);
    }

    [Fact]
    public void A_network_that_needs_its_own_value_is_refused()
    {
        var it = new OperatorCase([2]);
        it.Node("Relu", ["Add1_0"]);
        it.Node("Add", ["Relu0_0", OperatorCase.Input]);
        Refused(it.ToModel(), [2], "Node 'Add1_0' (Add): its value is computed of itself.");
    }

    [Fact]
    public void A_value_that_is_not_there_is_refused()
    {
        var it = new OperatorCase([2]);
        it.Node("Relu", ["nowhere"]);
        Refused(it.ToModel(), [2], "Node 'Relu0_0' (Relu): its input 'nowhere' is computed by no node.");
    }

    [Fact]
    public void Two_values_of_one_name_are_refused()
    {
        var it = new OperatorCase([2]);
        it.Node("Relu", [OperatorCase.Input]);
        var model = it.ToModel();
        model.Graph.Node.Add(model.Graph.Node[0].Clone());
        Refused(model, [2], "Node 'Relu0_0' (Relu): its value 'Relu0_0' has the name of another.");
    }

    [Fact]
    public void An_operator_that_is_not_known_is_named()
    {
        var it = new OperatorCase([2]);
        it.Node("NonMaxSuppression", [OperatorCase.Input]);
        Refused(it.ToModel(), [2], "Node 'NonMaxSuppression0_0' (NonMaxSuppression): Its operator is not known here.");
    }

    [Theory]
    [InlineData("Expand")]
    [InlineData("Tile")]
    [InlineData("ConstantOfShape")]
    [InlineData("Pad")]
    public void Constants_of_a_million_times_a_million_numbers_are_refused(string type)
    {
        const long million = 1_000_000;
        var it = new OperatorCase([2]);
        var number = it.Constant([1, 1], [1f]);
        var large = it.Constant([2], [million, million]);
        var constant = type switch
        {
            "ConstantOfShape" => it.Node(type, [large]),
            "Pad" => it.Node(type, [number, it.Constant([4], [million, million, 0, 0])]),
            _ => it.Node(type, [number, large]),
        };
        it.Node("Add", [OperatorCase.Input, constant]);
        Refused(it.ToModel(), [2], $"Node '{constant}' (");
    }

    [Fact]
    public void A_range_that_never_ends_is_refused()
    {
        var it = new OperatorCase([2]);
        var range = it.Node("Range", [it.Constant([], [0L]), it.Constant([], [9L]), it.Constant([], [0L])]);
        it.Node("Add", [OperatorCase.Input, range]);
        Refused(it.ToModel(), [2], $"Node '{range}' (Range): It goes from 0 to 9 by 0: expected a step that gets there within");
    }

    [Fact]
    public void Many_small_constants_that_are_large_together_are_refused()
    {
        var it = new OperatorCase([2]);
        var shape = it.Constant([2], [1000L, 1000]);
        var sum = it.Node("ConstantOfShape", [shape]);
        for (var i = 0; i < 40; i++)
        {
            sum = it.Node("Add", [sum, sum]);
        }

        it.Node("Add", [OperatorCase.Input, it.Node("ReduceSum", [sum])]);
        Refused(it.ToModel(), [2], "Node 'Add");
    }

    [Fact]
    public void A_hundred_thousand_nodes_in_reverse_order_are_read_in_time()
    {
        const int nodes = 100_000;
        var it = new OperatorCase([2]);
        it.Node("Relu", [OperatorCase.Input]);
        var model = it.ToModel();
        model.Graph.Node.Clear();
        for (var i = nodes - 1; i >= 0; i--)
        {
            model.Graph.Node.Add(new NodeProto
            {
                OpType = "Relu",
                Input = { i == 0 ? OperatorCase.Input : $"v{i - 1}" },
                Output = { $"v{i}" },
            });
        }

        using var scope = NewDisposeScope();
        Assert.Equal(nodes, OnnxReader.Read(model, [2], $"v{nodes - 1}").Nodes.Length);
    }

    private static void Refused(ModelProto model, long[] image, string message)
    {
        using var scope = NewDisposeScope();
        var error = Assert.Throws<InvalidDataException>(() => OnnxReader.Read(model, image));
        Assert.StartsWith(message, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', error.Message);
    }

    private static Tensor Run(ModelProto model, Tensor images)
    {
        var graph = OnnxReader.Read(model, images.shape[1..]);
        return graph.Run(images, [.. graph.Parameters.Select(parameter => parameter.Value)]);
    }
}
