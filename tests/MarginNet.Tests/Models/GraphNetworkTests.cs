using MarginNet.Attacks;
using MarginNet.Checkpoints;
using MarginNet.Data;
using MarginNet.Export;
using MarginNet.Foreign;
using MarginNet.Lipschitz;
using MarginNet.ModelFiles;
using MarginNet.Models;
using MarginNet.Tests.Export;
using MarginNet.Tests.Foreign;
using MarginNet.Training;
using static TorchSharp.torch;

namespace MarginNet.Tests.Models;

/// <summary>Networks that come back from ONNX files as graphs of layers.</summary>
public sealed class GraphNetworkTests : IDisposable
{
    private const double Tolerance = 1e-5; // Of the largest number: the same products, added in another order.

    private readonly TemporaryFolder _folder = new();

    public static TheoryData<string> Architectures => [.. Networks.Names, nameof(LipNet), nameof(OrthogonalNet), nameof(LiResNet)];

    public static TheoryData<string> Programs => ["fixed.onnx", "dynamic.onnx", "channels_last.onnx", "pair.onnx"];

    public void Dispose() => _folder.Dispose();

    [Theory]
    [MemberData(nameof(Architectures))]
    public void Scores_and_gradients_are_those_of_the_network_that_was_exported(string architecture)
    {
        using var scope = NewDisposeScope();
        using var model = Networks.Model(architecture, outputScale: 3);
        using var read = Exported(model);
        var images = rand(3, 3, 32, 32);
        Networks.AssertSame(Networks.Scores(model.Network, images), Networks.Scores(read.Network, images));
        var (expected, found) = (Gradients(model.Network, images), Gradients(read.Network, images));
        Assert.True(found.isfinite().all().item<bool>());
        Assert.True(expected.count_nonzero().item<long>() > 0);
        AssertClose(expected, found);
    }

    [Theory]
    [MemberData(nameof(Programs))]
    public void Scores_are_those_that_ONNX_Runtime_gives(string file)
    {
        using var scope = NewDisposeScope();
        using var inference = no_grad();
        var options = ForeignFiles.Trained with { Output = file == "pair.onnx" ? "logits" : null };
        using var read = MarginModel.Load(ForeignFiles.Committed[file], options);
        using var runtime = OnnxRuntimeNetwork.Load(File.ReadAllBytes(ForeignFiles.Committed[file]), options).Network;
        Assert.IsType<GraphNetwork>(read.Network);
        Assert.Contains(read.Notes, note => note.Contains("differ from ONNX Runtime's by at most", StringComparison.Ordinal));
        var images = rand(5, 3, 16, 16);
        AssertClose(runtime.call(images), read.Network.call(images));
    }

    [Theory]
    [MemberData(nameof(Architectures))]
    public void A_saved_graph_has_the_same_scores_to_the_byte(string architecture)
    {
        using var read = Exported(Networks.Model(architecture));
        read.Save(_folder["m.pt"]);
        using var again = MarginModel.Load(_folder["m.pt"]);
        Assert.IsType<GraphNetwork>(again.Network);
        using var images = rand(4, 3, 32, 32);
        Assert.Equal(Networks.Scores(read.Network, images), Networks.Scores(again.Network, images));
        Assert.Equal(read.Network.state_dict().Keys, again.Network.state_dict().Keys);
        Assert.Equal(read.Network.parameters().Count(), again.Network.parameters().Count());
    }

    [PythonFact]
    public void PyTorch_opens_a_saved_graph_without_running_code()
    {
        using var read = MarginModel.Load(ForeignFiles.Committed["fixed.onnx"], ForeignFiles.Trained);
        read.Save(_folder["m.pt"]);
        var text = PythonFactAttribute.Run(
            Path.Combine(AppContext.BaseDirectory, "Checkpoints", "Fixtures", "show.py"), _folder["m.pt"], "--weights-only");
        Assert.Contains("\"operation\": \"Convolution\"", text, StringComparison.Ordinal);
    }

    [Fact]
    public void The_state_dict_has_the_names_that_the_exporter_gave()
    {
        using var model = Networks.Model(nameof(ResNet18));
        using var read = Exported(model);
        var expected = model.Network.state_dict().Keys.Where(name => !name.EndsWith("num_batches_tracked", StringComparison.Ordinal));
        Assert.Empty(expected.Except(read.Network.state_dict().Keys));
    }

    [Fact]
    public void Training_lowers_the_loss_moves_weights_and_statistics_and_leaves_constants()
    {
        using var read = Exported(Networks.Model(nameof(ResNet18)));
        var before = NetworkWeights.Capture(read.Network);
        var images = SyntheticShapes.Create(60, 1).Train;
        var result = MarginTrainer.Train(read.Network, images, new()
        {
            Epochs = 4,
            Rounds = 1,
            WarmupEpochs = 0,
            BatchSize = 20,
            LearningRate = 3e-3,
            Augment = false,
        });
        Assert.True(result.History[^1].Loss < result.History[0].Loss);
        var learned = read.Network.named_parameters().Select(entry => entry.name).ToHashSet();
        foreach (var (name, tensor) in NetworkWeights.Capture(read.Network))
        {
            var isSame = ((StoredTensor)tensor!).Data.Span.SequenceEqual(((StoredTensor)before[name]!).Data.Span);
            var follows = learned.Contains(name) || name.Contains("running_", StringComparison.Ordinal);
            Assert.True(isSame != follows, name);
        }

        Assert.Contains(before.Keys, name => !learned.Contains(name) && !name.Contains("running_", StringComparison.Ordinal));
    }

    [Fact]
    public void Scoring_after_training_is_with_the_trained_weights()
    {
        using var scope = NewDisposeScope();
        using var read = Exported(Networks.Model(nameof(ResNet18)));
        using var images = rand(4, 3, 32, 32);
        var before = Networks.Scores(read.Network, images);
        read.Network.train();
        using (var optimizer = optim.SGD(read.Network.parameters(), 0.1))
        {
            read.Network.call(images).abs().mean().backward();
            optimizer.step();
        }

        read.Network.eval();
        var after = Networks.Scores(read.Network, images);
        Assert.NotEqual(before, after);
        using var unfolded = read.Network.call(images); // With gradients, so that nothing is folded.
        Networks.AssertSame(unfolded.detach().data<float>().ToArray(), after);

        NetworkWeights.Load(read.Network, new(NetworkWeights.Capture(Exported(Networks.Model(nameof(ResNet18))).Network), ""));
        Assert.Equal(before, Networks.Scores(read.Network, images));
    }

    [Fact]
    public void It_can_be_attacked()
    {
        using var scope = NewDisposeScope();
        using var read = MarginModel.Load(ForeignFiles.Committed["fixed.onnx"], ForeignFiles.Trained);
        Assert.True(read.Network.IsDifferentiable);
        var images = ForeignFiles.Committed.Images("fixed.onnx");
        var labels = read.Network.call(images).argmax(1);
        var attacked = Fgsm.Perturb(read.Network, images, labels, 0.01);
        Assert.True(Loss(attacked) > Loss(images));

        float Loss(Tensor points)
        {
            using var inference = no_grad();
            return nn.functional.cross_entropy(read.Network.call(points), labels).item<float>();
        }
    }

    [Fact]
    public void Its_bounds_are_those_of_the_network_that_was_exported_up_to_folding()
    {
        using var scope = NewDisposeScope();
        using var model = Networks.Model(nameof(FastNet));
        using var read = Exported(model);
        var (expected, found) = (
            LipschitzBounds.Compute(model.Network, new(3, 32, 32)), LipschitzBounds.Compute(read.Network, new(3, 32, 32)));
        Assert.InRange(found.Scores.Value / expected.Scores.Value, 0.5, 1.001);
        Assert.True(found.IsOf(read.Network));
        using var images = rand(3, 3, 32, 32);
        Assert.True(LipschitzLowerBounds.Compute(read.Network, images, ascentSteps: 2).Scores.Value <= found.Scores.Value);
    }

    [Theory]
    [MemberData(nameof(Programs))]
    public void An_exported_graph_normalizes_by_itself_and_gives_the_same_scores(string file)
    {
        using var read = MarginModel.Load(
            ForeignFiles.Committed[file], ForeignFiles.Trained with { Output = file == "pair.onnx" ? "logits" : null });
        ModelExport.ToOnnx(read, _folder["m.onnx"]);
        using var again = MarginModel.Load(_folder["m.onnx"]);
        using var images = rand(4, 3, 16, 16);
        Networks.AssertSame(Networks.Scores(read.Network, images), Networks.Scores(again.Network, images));
        Assert.Equal(read.ClassNames.AsEnumerable(), again.ClassNames);
    }

    [Fact]
    public void An_operator_that_is_not_known_is_named_and_ONNX_Runtime_scores_as_before()
    {
        _folder.Write(OnnxFiles.DynamicallyQuantized(), "q.onnx");
        using var model = MarginModel.Load(_folder["q.onnx"], new LoadOptions { ImageSize = (16, 16) });
        Assert.False(model.Network.IsDifferentiable);
        var note = Assert.Single(model.Notes);
        Assert.Contains("its scores have no gradients", note, StringComparison.Ordinal);
        Assert.Contains("DynamicQuantizeLinear", note, StringComparison.Ordinal);
        Assert.Equal(3, model.Score(new float[3 * 16 * 16]).Length);
    }

    [Fact]
    public void The_softmax_at_the_end_is_taken_off_unless_it_is_kept()
    {
        using var scope = NewDisposeScope();
        using var plain = Exported(Networks.Model(nameof(FastNet)));
        var file = OnnxFile.Parse(File.ReadAllBytes(_folder["m.onnx"]));
        file.Graph.Node.Add(new global::Onnx.NodeProto
        {
            OpType = "Softmax",
            Input = { file.Graph.Output[0].Name },
            Output = { "probabilities" },
        });
        file.Graph.Output[0].Name = "probabilities";
        using (var stream = File.Create(_folder["s.onnx"]))
        {
            Google.Protobuf.MessageExtensions.WriteTo(file, stream);
        }

        using var logits = MarginModel.Load(_folder["s.onnx"]);
        using var kept = MarginModel.Load(_folder["s.onnx"], new LoadOptions { KeepSoftmax = true });
        Assert.Contains(logits.Notes, note => note.Contains("softmax at its end is taken off", StringComparison.Ordinal));
        using var images = rand(3, 3, 32, 32);
        Networks.AssertSame(Networks.Scores(plain.Network, images), Networks.Scores(logits.Network, images));
        using var inference = no_grad();
        AssertClose(plain.Network.call(images).softmax(1), kept.Network.call(images));
    }

    [Fact]
    public void Scoring_leaves_no_tensor_behind()
    {
        using var read = Exported(Networks.Model(nameof(ResNet18)));
        var pixels = new float[3 * 32 * 32];
        read.Score(pixels);
        Assert.Equal(0, LiveTensors.LeftBy(() => read.Score(pixels)));
        Assert.Equal(0, LiveTensors.LeftBy(() =>
        {
            read.Network.train();
            read.Network.eval();
            read.Score(pixels);
        }));
    }

    private MarginModel Exported(MarginModel model)
    {
        ModelExport.ToOnnx(model, _folder["m.onnx"]);
        var read = MarginModel.Load(_folder["m.onnx"]);
        Assert.IsType<GraphNetwork>(read.Network);
        return read;
    }

    private static Tensor Gradients(Classifier network, Tensor images)
    {
        var x = images.clone().requires_grad_();
        var scores = network.call(x);
        autograd.backward([(scores * arange(scores.numel()).cos().reshape(scores.shape)).sum()], inputs: [x]);
        return x.grad!;
    }

    private static void AssertClose(Tensor expected, Tensor found)
    {
        Assert.Equal(expected.shape, found.shape);
        var largest = expected.abs().max().item<float>();
        Assert.InRange((expected - found).abs().max().item<float>() / largest, 0, Tolerance);
    }
}
