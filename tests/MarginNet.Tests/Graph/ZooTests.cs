using Google.Protobuf;
using MarginNet.Graph;
using MarginNet.Graph.Onnx;
using Onnx;
using static TorchSharp.torch;
using Tensor = TorchSharp.torch.Tensor;

namespace MarginNet.Tests.Graph;

/// <summary>Networks of the usual kinds as PyTorch writes them, with its scores and gradients in float64;
/// made by bench/Zoo/export.py.</summary>
public sealed class ZooTests
{
    private static readonly string Folder = Repository.File("tests/MarginNet.Tests/Foreign/Fixtures/Zoo");

    public static TheoryData<string> Networks =>
        [.. Directory.GetFiles(Folder, "*.onnx").Select(path => Path.GetFileNameWithoutExtension(path)).Order()];

    [Theory]
    [MemberData(nameof(Networks))]
    public void The_scores_and_gradients_of_a_network_are_PyTorchs(string name)
    {
        using var scope = NewDisposeScope();
        var arrays = Path.Combine(Folder, name + ".npz");
        var images = NpyArchive.Read(arrays, "images");
        var model = ModelProto.Parser.ParseFrom(File.ReadAllBytes(Path.Combine(Folder, name + ".onnx")));
        var graph = OnnxReader.Read(model, images.shape[1..], keepsSoftmax: true);
        Check(graph, images, arrays);

        var written = OnnxWriter.Write(graph, Values(graph), new Dictionary<string, string>());
        Check(OnnxReader.Read(ModelProto.Parser.ParseFrom(written.ToByteArray()), images.shape[1..], keepsSoftmax: true), images, arrays);
    }

    private static void Check(NetworkGraph graph, Tensor images, string arrays)
    {
        var leaf = images.clone().requires_grad_();
        var input = Path.GetFileName(arrays) switch
        {
            "bytes.npz" => leaf * 255,
            "channels_last.npz" => leaf.permute(0, 2, 3, 1),
            _ => leaf,
        };
        Assert.Equal(graph.Input.At(images.shape[0]), input.shape);
        var scores = graph.Run(input, Values(graph));
        var weights = arange(scores.shape[1], dtype: ScalarType.Float32).cos();
        (scores * weights).sum().backward();
        AssertClose(NpyArchive.Read(arrays, "scores"), scores, 1e-5);
        AssertClose(NpyArchive.Read(arrays, "gradients"), leaf.grad!, 2e-5);
    }

    [Theory]
    [InlineData("probabilities_9")]
    [InlineData("probabilities_13")]
    [InlineData("log_probabilities")]
    public void A_softmax_at_the_end_is_taken_off_and_noted(string name)
    {
        using var scope = NewDisposeScope();
        var model = ModelProto.Parser.ParseFrom(File.ReadAllBytes(Path.Combine(Folder, name + ".onnx")));
        var images = NpyArchive.Read(Path.Combine(Folder, name + ".npz"), "images");
        List<string> notes = [];
        var graph = OnnxReader.Read(model, images.shape[1..], notes: notes);
        Assert.Equal(["A softmax at the end was taken off: margins are of logits."], notes);
        var scores = graph.Run(images, Values(graph)).to(ScalarType.Float64);
        var expected = NpyArchive.Read(Path.Combine(Folder, name + ".npz"), "scores");
        AssertClose(expected, name == "log_probabilities" ? scores.log_softmax(1) : scores.softmax(1), 1e-5);
    }

    private static Tensor[] Values(NetworkGraph graph) => [.. graph.Parameters.Select(parameter => parameter.Value)];

    private static void AssertClose(Tensor expected, Tensor found, double tolerance)
    {
        Assert.Equal(expected.shape, found.shape);
        var difference = (expected - found.to(ScalarType.Float64)).abs().max().item<double>()
            / expected.abs().max().to(ScalarType.Float64).item<double>();
        Assert.InRange(difference, 0, tolerance);
    }
}
