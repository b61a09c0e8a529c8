using System.Globalization;
using MarginNet.Checkpoints;
using MarginNet.Data;
using MarginNet.ModelFiles;
using MarginNet.Models;
using MarginNet.PValues;
using static TorchSharp.torch;

namespace MarginNet.Tests.ModelFiles;

public sealed class MarginModelTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly ImageSet _images = SyntheticShapes.Create(0, 40).Test;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_model_read_back_gives_the_same_scores_and_p_values()
    {
        using var model = Create();
        model.Save(_folder["m.pt"]);
        using var read = MarginModel.Load(_folder["m.pt"]);
        Assert.Equal(Assert.IsType<ResNet18>(model.Network).Width, Assert.IsType<ResNet18>(read.Network).Width);
        Assert.Equal<double>(model.Network.Options.Normalization.Mean, read.Network.Options.Normalization.Mean);
        Assert.Equal<string>(model.ClassNames, read.ClassNames);
        Assert.Equal(model.ImageSize, read.ImageSize);
        Assert.Equal(model.Training, read.Training);
        Assert.Equal(model.Metrics, read.Metrics);
        Assert.False(read.Network.training);
        var (scores, expected) = (read.Network.Score(_images), model.Network.Score(_images));
        for (var i = 0; i < _images.Count; i++)
        {
            Assert.Equal(expected[i], scores[i]);
        }

        Assert.Equal(CalibrationSource.HeldOut, read.NullModel!.Source);
        foreach (var margin in new[] { 0, 1e-3, 0.7, 4, 1e6 })
        {
            Assert.Equal(model.NullModel!.Score(margin, 3), read.NullModel.Score(margin, 3));
        }
    }

    [Fact]
    public void Every_architecture_can_be_kept()
    {
        manual_seed(5);
        using var model =
            new MarginModel(new FastNet(new() { Width = 4, OutputScale = 25, Rectify = true }), SyntheticShapes.ClassNames, (32, 32));
        ((FastNet)model.Network).Whiten(_images);
        model.Save(_folder["fast.pt"]);
        using var read = MarginModel.Load(_folder["fast.pt"]);
        var (expected, options) = (model.Network.Options, read.Network.Options);
        Assert.Equal(
            (4, expected.OutputScale, expected.Rectify),
            (Assert.IsType<FastNet>(read.Network).Width, options.OutputScale, options.Rectify));
        Assert.Equal(model.Network.Score(_images)[3], read.Network.Score(_images)[3]);
    }

    [Fact]
    public void A_LipNet_is_kept_with_the_size_of_its_images_and_one_that_does_not_fit_its_weights_is_refused()
    {
        manual_seed(5);
        using var model = new MarginModel(new LipNet(new() { Width = 3, ImageSize = (32, 32) }), SyntheticShapes.ClassNames, (32, 32));
        model.Save(_folder["lip.pt"]);
        using var read = MarginModel.Load(_folder["lip.pt"]);
        Assert.Equal(model.Network.Score(_images)[3], read.Network.Score(_images)[3]);
        var graph = (Dictionary<string, object?>)PyTorchFile.Read(_folder["lip.pt"])!;
        foreach (var (size, expected) in new[]
        {
            (30L, "multiples of 4"),
            (64L, "weights, but only"),
            (16L, "Float32 [256, 768]"),
            (1L << 30, "1 to 16384 pixels"),
        })
        {
            graph["image_size"] = new List<object?> { size, size };
            PyTorchFile.Write(_folder["changed.pt"], graph, new() { NumbersAsTensors = true });
            var error = Assert.Throws<InvalidDataException>(() => MarginModel.Load(_folder["changed.pt"]));
            Assert.Contains(expected, error.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_ConvNet_is_kept_with_the_size_of_its_images()
    {
        manual_seed(5);
        using var model = new MarginModel(new ConvNet(new() { Width = 3, OutputScale = 2 }), SyntheticShapes.ClassNames, (32, 32));
        model.Save(_folder["conv.pt"]);
        using var read = MarginModel.Load(_folder["conv.pt"]);
        Assert.Equal(3, Assert.IsType<ConvNet>(read.Network).Width);
        Assert.Equal(model.Network.Score(_images)[3], read.Network.Score(_images)[3]);
        var graph = (Dictionary<string, object?>)PyTorchFile.Read(_folder["conv.pt"])!;
        foreach (var (size, expected) in new[] { (30L, "multiples of 4"), (64L, "weights, but only") })
        {
            graph["image_size"] = new List<object?> { size, size };
            PyTorchFile.Write(_folder["changed.pt"], graph, new() { NumbersAsTensors = true });
            var error = Assert.Throws<InvalidDataException>(() => MarginModel.Load(_folder["changed.pt"]));
            Assert.Contains(expected, error.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_file_from_before_there_was_an_output_scale_has_scale_1()
    {
        using var model = Create();
        model.Save(_folder["m.pt"]);
        var graph = (Dictionary<string, object?>)PyTorchFile.Read(_folder["m.pt"])!;
        Assert.True(((Dictionary<string, object?>)graph["architecture"]!).Remove("output_scale"));
        PyTorchFile.Write(_folder["old.pt"], graph, new() { NumbersAsTensors = true });
        using var read = MarginModel.Load(_folder["old.pt"]);
        Assert.Equal(model.Network.Score(_images)[0], read.Network.Score(_images)[0]);
    }

    [Fact]
    public void The_same_model_gives_the_same_bytes()
    {
        using var model = Create();
        model.Save(_folder["a.pt"]);
        using var read = MarginModel.Load(_folder["a.pt"]);
        read.Save(_folder["b.pt"]);
        Assert.Equal(File.ReadAllBytes(_folder["a.pt"]), File.ReadAllBytes(_folder["b.pt"]));
    }

    [PythonFact]
    public void PyTorchs_own_network_loads_the_weights_strictly_and_gives_the_same_scores()
    {
        using var model = Create();
        model.Save(_folder["m.pt"]);
        var script = Path.Combine(AppContext.BaseDirectory, "ModelFiles", "Fixtures", "score.py");
        var theirs = PythonFactAttribute.Run(script, _folder["m.pt"])
            .Split()
            .Where(text => text.Length > 0)
            .Select(text => float.Parse(text, CultureInfo.InvariantCulture));
        using var image = linspace(0, 1, 3 * 32 * 32).reshape(1, 3, 32, 32);
        using var ours = model.Network.forward(image);
        Assert.All(theirs.Zip(ours.data<float>()), pair => Assert.Equal(pair.First, pair.Second, 1e-4f));
    }

    [Fact]
    public void A_model_without_a_null_model_can_be_kept()
    {
        using var model = Create();
        model.NullModel = null;
        model.Save(_folder["m.pt"]);
        using var read = MarginModel.Load(_folder["m.pt"]);
        Assert.Null(read.NullModel);
    }

    [Theory]
    [InlineData("format_version", 99L, "newer than 1: update MarginNet")]
    [InlineData("class_names", "cat", "'class_names', but found 'cat'")]
    [InlineData("image_size", 32L, "'image_size', but found '32'")]
    [InlineData(
        "architecture.name",
        "vgg",
        "Expected 'resnet18', 'fastnet', 'lipnet', 'convnet', 'orthonet', 'liresnet', 'graph', 'torchscript' or 'onnx' under the key "
        + "'architecture.name', but found 'vgg'")]
    [InlineData("architecture.width", 3L, "Float32 [3, 3, 3, 3] under the key 'state_dict.conv1.weight', but found Float32 [4, 3, 3, 3]")]
    [InlineData("architecture.width", 4096L, "has 45701574656 weights, but only")]
    [InlineData("image_size", "1e300 1", "1 to 16384 pixels under the key 'image_size'")]
    [InlineData("architecture.name", "a\u001b[31m\n", "'a?[31m?'")]
    [InlineData("architecture.width", 100_000_000_000L, "'architecture.width'")]
    [InlineData("architecture.rectify", null, "true or false under the key 'architecture.rectify', but found null")]
    [InlineData("architecture.output_scale", 0.0, "a number above 0 under the key 'architecture.output_scale', but found '0'")]
    [InlineData("state_dict.fc.bias", null, "a tensor under the key 'state_dict.fc.bias'")]
    [InlineData("state_dict.extra", 1L, "none missing, 1 such as 'extra' unknown")]
    [InlineData("normalization.mean", new[] { 0.5, double.PositiveInfinity, 0.5 }, "Expected finite numbers")]
    [InlineData("normalization.std", new[] { 0.5, -1, 0.5 }, "Expected finite numbers")]
    [InlineData("null_model", 7L, "'null_model', but found '7'")]
    public void A_changed_file_is_refused_by_the_key_that_is_wrong(string key, object? value, string expected)
    {
        using var model = Create();
        model.Save(_folder["m.pt"]);
        var graph = (Dictionary<string, object?>)PyTorchFile.Read(_folder["m.pt"])!;
        var path = key.Split('.', 2);
        var owner = path.Length == 1 ? graph : (Dictionary<string, object?>)graph[path[0]]!;
        owner[path[^1]] = key == "image_size" && value is string sizes ? sizes.Split()
            .Select(size => (object?)double.Parse(size, CultureInfo.InvariantCulture))
            .ToList() : value;
        PyTorchFile.Write(_folder["changed.pt"], graph, new() { NumbersAsTensors = true });
        var error = Assert.Throws<InvalidDataException>(() => MarginModel.Load(_folder["changed.pt"]));
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
        Assert.Contains("changed.pt", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1, 2, 3)]
    [InlineData(5, 10, 1)]
    [InlineData(16, 7, 4)]
    public void The_number_of_weights_is_known_before_the_network_is_made(int width, int classes, int channels)
    {
        ChannelStatistics statistics = new([.. Enumerable.Repeat(0.5, channels)], [.. Enumerable.Repeat(0.25, channels)]);
        using var deep = new ResNet18(new() { Width = width, ClassCount = classes, Normalization = statistics });
        using var fast = new FastNet(new() { Width = width, ClassCount = classes, Normalization = statistics });
        Assert.All<Classifier>([deep, fast], network => Assert.Equal(
            network.state_dict().Values.Where(weights => weights.dim() >= 2).Sum(weights => weights.numel()),
            network.Options.KernelWeights));
    }

    [Fact]
    public void As_many_names_as_classes_are_required()
    {
        using var network = new ResNet18(new() { Width = 4 });
        Assert.Throws<ArgumentException>(() => new MarginModel(network, ["a", "b"], (32, 32)));
    }

    [Fact]
    public void Loading_and_disposing_leaves_no_more_tensors_behind_than_torchs_own_constructors_do()
    {
        using (var model = Create())
        {
            model.Save(_folder["m.pt"]);
        }

        var created = LiveTensors.LeftBy(() => new ResNet18(new() { Width = 4 }).Dispose());
        Assert.Equal(created, LiveTensors.LeftBy(() => MarginModel.Load(_folder["m.pt"]).Dispose()));
    }

    private MarginModel Create()
    {
        manual_seed(31);
        var network = new ResNet18(new() { Width = 4, Normalization = new([0.5, 0.4, 0.3], [0.25, 0.2, 0.125]) });
        using (var images = rand(16, 3, 32, 32))
        {
            network.forward(images).Dispose(); // Moves the running statistics of the batch norms.
        }

        network.eval();
        var random = new Random(3);
        var classes = Enumerable.Range(0, 600).Select(i => i % 10).ToArray();
        var margins = classes.Select(_ => Math.Exp(random.NextDouble() * 3)).ToArray();
        return new(network, SyntheticShapes.ClassNames, (_images.Height, _images.Width))
        {
            NullModel = MarginNullModel.Fit(margins, classes, classes, 10, new MarginNullOptions { Source = CalibrationSource.HeldOut }),
            Training = { ["mu"] = 50.0, ["epochs"] = 3L, ["loss"] = "dual", ["augment"] = false },
            Metrics = { ["test_accuracy"] = 0.875, ["nothing"] = null },
        };
    }
}
