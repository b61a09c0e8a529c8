using System.IO.Compression;
using Google.Protobuf;
using MarginNet.Foreign;
using MarginNet.Tests.Verification;
using MarginNet.Verification;
using Onnx;

namespace MarginNet.Tests.Foreign;

/// <summary>ONNX files as networks of which properties are asked.</summary>
public sealed class VerificationFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void All_numbers_of_an_input_and_of_an_output_are_counted()
    {
        using var network = Load(TinyNetwork.Random(new(1), inputs: 7, hidden: 5, outputs: 3));
        Assert.Equal((7, 3), (network.InputCount, network.OutputCount));
        Assert.Equal(3, network.Run(new float[7]).Length);
    }

    [Fact]
    public void A_packed_file_is_the_same_network()
    {
        var bytes = TinyNetwork.Random(new(1), 4, 5, 3);
        using var plain = Load(bytes);
        using (var file = new GZipStream(File.Create(_folder["p.onnx.gz"]), CompressionLevel.Fastest))
        {
            file.Write(bytes);
        }

        using var packed = VerificationNetwork.Load(_folder["p.onnx"]);
        Assert.Equal(plain.Run([1, 2, 3, 4]), packed.Run([1, 2, 3, 4]));
    }

    /// <summary>Elsewhere it is taken off, since margins are of logits.</summary>
    [Fact]
    public void A_softmax_at_the_end_stays()
    {
        var model = ModelProto.Parser.ParseFrom(TinyNetwork.AbsoluteValue());
        model.Graph.Node.Add(new NodeProto { OpType = "Softmax", Input = { "y" }, Output = { "p" } });
        model.Graph.Output[0].Name = "p";
        using var network = Load(model.ToByteArray());
        var high = new Property([new([-1, -1], [1, 1], [new([[-1, 0]], [-0.9])])]); // y₀ ≥ 0.9 is there without softmax alone.
        Assert.NotEqual(Answer.Sat, network.Verify(high, new() { TimeLimit = TimeSpan.FromSeconds(1) }).Answer);
    }

    [Fact]
    public void Other_files_are_refused_in_one_line()
    {
        Refused([1, 2, 3], "It is no ONNX model, or is damaged.");
        var model = ModelProto.Parser.ParseFrom(TinyNetwork.AbsoluteValue());
        model.Graph.Input[0].Type.TensorType.Shape.Dim[0].DimValue = 2000;
        Refused(model.ToByteArray(), "It takes 2000 inputs at once");
        model = ModelProto.Parser.ParseFrom(TinyNetwork.AbsoluteValue());
        model.Graph.Output.Add(model.Graph.Output[0].Clone());
        Refused(model.ToByteArray(), "It has 2 outputs: expected one");
        model = ModelProto.Parser.ParseFrom(TinyNetwork.AbsoluteValue());
        model.Graph.Input[0].Type.TensorType.ElemType = (int)TensorProto.Types.DataType.Double;
        Refused(model.ToByteArray(), "Its input is not of float32");
    }

    [Fact]
    public void A_property_of_another_network_is_refused()
    {
        using var network = Load(TinyNetwork.Random(new(1), 4, 5, 3));
        var property = new Property([new([0, 0], [1, 1], [new([[1, 0]], [0])])]);
        Assert.Contains(
            "has 4 inputs and 3 outputs, but the property declares 2 and 2",
            Assert.Throws<InvalidDataException>(() => network.Verify(property, new())).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Nothing_is_left_of_a_network_that_was_attacked_and_is_disposed()
    {
        var property = new Property([new([-1, -1], [1, 1], [new([[1, 0]], [-0.51])])]);
        Attack();
        Assert.Equal(0, LiveTensors.LeftBy(Attack));

        void Attack()
        {
            using var network = Load(TinyNetwork.AbsoluteValue());
            Assert.NotEqual(Answer.Sat, network.Verify(property, new() { TimeLimit = TimeSpan.FromSeconds(0.3) }).Answer);
        }
    }

    private VerificationNetwork Load(byte[] file)
    {
        File.WriteAllBytes(_folder["n.onnx"], file);
        return VerificationNetwork.Load(_folder["n.onnx"]);
    }

    private void Refused(byte[] file, string reason)
    {
        var message = Assert.Throws<InvalidDataException>(() => Load(file)).Message;
        Assert.StartsWith($"'{_folder["n.onnx"]}' is not a network that is read here: ", message, StringComparison.Ordinal);
        Assert.Contains(reason, message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', message);
    }
}
