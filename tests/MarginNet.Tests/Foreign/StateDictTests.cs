using MarginNet.Checkpoints;
using MarginNet.Export;
using MarginNet.Foreign;
using MarginNet.Lipschitz;
using MarginNet.ModelFiles;
using MarginNet.Models;
using static TorchSharp.torch;

namespace MarginNet.Tests.Foreign;

public sealed class StateDictTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("torchvision.pt", 2, 10, ResNetStem.Large, 224)]
    [InlineData("cifar_stem.pt", 2, 10, ResNetStem.Small, 32)]
    [InlineData("kuangliu.pt", 2, 7, ResNetStem.Small, 32)]
    public void The_tensors_say_the_width_the_classes_the_stem_and_the_usual_size_of_images(
        string file, int width, int classes, ResNetStem stem, int size)
    {
        using var model = MarginModel.Load(ForeignFiles.Committed[file]);
        var options = Assert.IsType<ResNetOptions>(model.Network.Options);
        Assert.Equal((width, classes, stem), (options.Width, options.ClassCount, options.Stem));
        Assert.Equal((size, size), model.ImageSize);
        Assert.Equal(Enumerable.Range(0, classes).Select(c => $"{c}"), model.ClassNames);
        Assert.Equal<double>([0, 0, 0], options.Normalization.Mean);
        Assert.Equal<double>([1, 1, 1], options.Normalization.StandardDeviation);
        Assert.False(model.Network.training);
    }

    [Theory]
    [InlineData(ResNetStem.Small, 3)]
    [InlineData(ResNetStem.Large, 7)]
    public void The_shapes_known_before_a_network_is_made_are_those_of_the_network(ResNetStem stem, int kernel)
    {
        using var network = new ResNet18(new() { Width = 3, ClassCount = 4, Stem = stem });
        var expected = ResNetTensors.Shapes(3, 3, 4, kernel);
        var actual = network.state_dict();
        Assert.Equal(expected.Keys.Order(StringComparer.Ordinal), actual.Keys.Order(StringComparer.Ordinal));
        Assert.All(expected, entry => Assert.Equal(entry.Value, actual[entry.Key].shape));
    }

    [Theory]
    [InlineData("")]
    [InlineData("module.")]
    [InlineData("_orig_mod.module.")]
    [InlineData("model.backbone.")]
    public void Prefixes_wrappers_precision_and_the_container_do_not_matter(string prefix)
    {
        var state = State();
        var expected = Scores(Write(state));
        var renamed = state.ToDictionary(entry => prefix + entry.Key, entry => entry.Value);
        foreach (var wrapper in new[] { "state_dict", "model_state_dict", "model", "net" })
        {
            Assert.Equal(expected, Scores(Write(new Dictionary<string, object?> { ["epoch"] = 7L, [wrapper] = renamed })));
        }

        var precise = renamed.Where(entry => !entry.Key.EndsWith(ResNetTensors.Counter, StringComparison.Ordinal))
            .ToDictionary(entry => entry.Key, entry => (object?)As(entry.Value, ScalarType.Float64));
        Assert.Equal(expected, Scores(Write(precise)));
        SafeTensorsFile.Write(
            _folder["m.safetensors"], new() { Tensors = renamed.ToDictionary(entry => entry.Key, entry => (StoredTensor)entry.Value!) });
        File.Move(_folder["m.safetensors"], _folder["m.bin"]);
        Assert.Equal(expected, Scores(_folder["m.bin"]));
    }

    [Fact]
    public void What_is_missing_unknown_or_misshapen_is_listed_in_one_line()
    {
        var state = State();
        state.Remove("layer2.0.conv1.weight");
        state.Remove("fc.bias");
        state["layer1.1.conv9.weight"] = state["layer1.0.conv1.weight"];
        state["layer4.1.bn2.bias"] = new StoredTensor(ScalarType.Float32, [5], new byte[20]);
        state["bn1.bias"] = As(state["bn1.bias"], ScalarType.Int32);
        Refused(
            state,
            "2 missing (layer2.0.conv1.weight, fc.bias), 1 unknown (layer1.1.conv9.weight), 2 misshapen (bn1.bias is Int32 [2], " +
                "expected [2], layer4.1.bn2.bias is Float32 [5], expected [16])");
    }

    [Fact]
    public void Another_architecture_is_refused_by_what_it_has()
    {
        Refused(new()
        {
            ["features.0.weight"] = new StoredTensor(
            ScalarType.Float32, [4, 3, 3, 3],
            new byte[432]),
            ["classifier.bias"] = Vector
        }, "holds features.0.weight [4, 3, 3, 3], classifier.bias [1]");
        Refused(new() { ["epoch"] = 3L }, "holds no state dict: expected tensors by name", "found the keys epoch");
        Refused(new() { ["linear.bias"] = Vector, ["fc.bias"] = Vector, ["conv1.weight"] = Vector }, "has fc.bias twice");
    }

    /// <summary>Refused before a network of the claimed size is made: its first tensors are small, its middle would be terabytes.</summary>
    [Theory]
    [InlineData(1_000_000, 3)]
    [InlineData(3, 1_000_000)]
    public void A_small_file_cannot_ask_for_a_large_network(int width, int channels)
    {
        var state = new Dictionary<string, object?>
        {
            ["conv1.weight"] = new StoredTensor(ScalarType.Float32, [width, channels, 3, 0], Array.Empty<byte>()),
            ["fc.weight"] = new StoredTensor(ScalarType.Float32, [1_000_000_000, 0], Array.Empty<byte>()),
        };
        var path = Write(state);
        var before = GC.GetAllocatedBytesForCurrentThread();
        var message = Assert.Throws<InvalidDataException>(() => MarginModel.Load(path)).Message;
        Assert.Contains("2 misshapen", message, StringComparison.Ordinal);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 2_000_000);
    }

    [Theory]
    [InlineData("hostile.pt", "names posix.system")]
    [InlineData("whole_module.pt", "names torch.nn.modules.linear.Linear")]
    [InlineData("laughs.pt", "unfolds to more than")]
    [InlineData("legacy.pt", "before PyTorch 1.6")]
    [InlineData("other.zip.pt", "0 entries 'data.pkl'")]
    public void A_hostile_or_other_file_is_refused_and_nothing_of_it_runs(string file, string reason)
    {
        var message =
            Assert.Throws<InvalidDataException>(() => MarginModel.Load(Checkpoints.Fixture.PathOf(file), ForeignFiles.Trained)).Message;
        Assert.Contains(reason, message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', message);
        Assert.False(File.Exists("hostile-was-here"));
    }

    [Fact]
    public void Safetensors_that_we_exported_need_no_description()
    {
        using var model = new MarginModel(
            new ResNet18(new()
            {
                Width = 2,
                ClassCount = 3,
                Rectify = true,
                OutputScale = 2,
                Normalization = new([0.1, 0.2, 0.3], [0.4, 0.5, 0.6]),
            }), ["a", "b", "c"], (16, 16));
        model.Network.eval();
        ModelExport.ToSafeTensors(model, _folder["m.safetensors"]);
        using var read = MarginModel.Load(_folder["m.safetensors"]);
        Assert.Equal<string>(model.ClassNames, read.ClassNames);
        Assert.Equal(model.ImageSize, read.ImageSize);
        var pixels = Enumerable.Range(0, 3 * 16 * 16).Select(i => i / 768f).ToArray();
        Assert.Equal(model.Score(pixels), read.Score(pixels));
    }

    [Fact]
    public void The_large_stem_is_bounded_and_exported_as_it_is()
    {
        using var scope = NewDisposeScope();
        using var model = MarginModel.Load(ForeignFiles.Committed["torchvision.pt"], new LoadOptions { ImageSize = (48, 48) });
        var images = ForeignFiles.Committed.Images("torchvision.pt");
        var upper = LipschitzBounds.Compute(model.Network, new(3, 48, 48));
        var lower = LipschitzLowerBounds.Compute(model.Network, images, upper.IsCentered, ascentSteps: 1);
        Assert.InRange(lower.Euclidean.Value, 1e-6, upper.Euclidean.Value);
        ModelExport.ToOnnx(model, _folder["m.onnx"]);
        using var exported = MarginModel.Load(_folder["m.onnx"]);
        using var inference = no_grad();
        Assert.InRange((exported.Network.call(images) - model.Network.call(images)).abs().max().item<float>(), 0, ForeignFiles.Tolerance);
    }

    [Fact]
    public void A_description_that_does_not_fit_is_refused()
    {
        var path = ForeignFiles.Committed["kuangliu.pt"];
        Refused(path, new() { ClassNames = ["a", "b"] }, "7 classes, but 2 class names");
        Refused(path, new() { Normalization = new([0.5], [0.5]) }, "3 channels, but the normalization has 1 means");
        Refused(path, new() { Normalization = new([0.5, double.NaN, 0.5], [1, 1, 1]) }, "a number that is not finite");
        using var model = MarginModel.Load(path);
        model.Save(_folder["own.pt"]);
        Refused(_folder["own.pt"], new() { ImageSize = (16, 16) }, "holds its normalization, image size, class names, weights and " +
            "output: leave them out");
    }

    private static StoredTensor Vector => new(ScalarType.Float32, [1], new byte[4]);

    private static Dictionary<string, object?> State() =>
        (Dictionary<string, object?>)((Dictionary<string, object?>)PyTorchFile.Read(
            ForeignFiles.Committed["cifar_stem.pt"])!)["model_state_dict"]! is var state
            ? state.ToDictionary(entry => entry.Key["_orig_mod.".Length..], entry => entry.Value)
            : [];

    private static StoredTensor As(object? tensor, ScalarType type)
    {
        using var scope = NewDisposeScope();
        return StoredTensor.FromTensor(((StoredTensor)tensor!).ToTensor().to(type));
    }

    private static float[] Scores(string path)
    {
        using var model = MarginModel.Load(path, ForeignFiles.Trained);
        return model.Score(Enumerable.Range(0, 3 * 16 * 16).Select(i => i / 768f).ToArray());
    }

    private string Write(Dictionary<string, object?> graph)
    {
        PyTorchFile.Write(_folder["m.pt"], graph);
        return _folder["m.pt"];
    }

    private void Refused(Dictionary<string, object?> graph, params string[] reasons) => Refused(Write(graph), new(), reasons);

    private static void Refused(string path, LoadOptions options, params string[] reasons)
    {
        var message = Assert.Throws<InvalidDataException>(() => MarginModel.Load(path, options)).Message;
        Assert.All(reasons, reason => Assert.Contains(reason, message, StringComparison.Ordinal));
        Assert.StartsWith($"'{path}' is", message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', message);
    }
}
