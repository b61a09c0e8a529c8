using System.Text.Json;
using MarginNet.Export;
using MarginNet.Models;
using Microsoft.ML.OnnxRuntime;
using TorchSharp;
using static TorchSharp.torch;

namespace MarginNet.Tests.Export;

public sealed class OnnxExportTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public static TheoryData<string> Architectures =>
        [.. Networks.Names, nameof(LipNet), nameof(OrthogonalNet), nameof(LiResNet), nameof(ConvNet)];

    public void Dispose() => _folder.Dispose();

    [Theory]
    [MemberData(nameof(Architectures))]
    public void ONNX_Runtime_gives_the_same_scores_for_any_number_of_images(string architecture)
    {
        using var model = Networks.Model(architecture);
        ModelExport.ToOnnx(model, _folder["m.onnx"]);
        foreach (var count in new[] { 1, 7 })
        {
            using var images = rand(count, 3, 32, 32);
            Networks.AssertSame(Networks.Scores(model.Network, images), Run(_folder["m.onnx"], images));
        }
    }

    [Theory]
    [MemberData(nameof(Architectures))]
    public void The_output_scale_and_the_rectification_are_part_of_the_graph(string architecture)
    {
        using var model = Networks.Model(architecture, outputScale: 25, rectify: true);
        ModelExport.ToOnnx(model, _folder["m.onnx"]);
        using var images = rand(4, 3, 32, 32);
        var scores = Run(_folder["m.onnx"], images);
        Networks.AssertSame(Networks.Scores(model.Network, images), scores);
        Assert.Contains(0f, scores);
    }

    [Fact]
    public void A_network_of_the_users_own_gives_the_same_scores_in_ONNX_Runtime()
    {
        manual_seed(3);
        using var network = nn.Sequential(
            nn.Conv2d(2, 6, (3, 5), stride: (1, 2), padding: (0, 2), dilation: (2, 1), groups: 2),
            nn.BatchNorm2d(6),
            nn.LeakyReLU(0.2),
            nn.MaxPool2d(3, stride: 2, padding: 1),
            nn.Sequential(("conv", nn.Conv2d(6, 8, 3, padding: 1)), ("relu", nn.ReLU()), ("dropout", nn.Dropout(0.5))),
            nn.AvgPool2d(2),
            nn.Conv2d(8, 8, 1, bias: false),
            nn.Sigmoid(),
            nn.Identity(),
            nn.AdaptiveAvgPool2d(1),
            nn.Flatten(),
            nn.Linear(8, 5),
            nn.BatchNorm1d(5),
            nn.Tanh(),
            nn.Linear(5, 3, hasBias: false));
        Networks.Vary(network);
        ModelExport.ToOnnx(network, new(2, 17, 20), _folder["m.onnx"]);
        using var images = rand(3, 2, 17, 20);
        Networks.AssertSame(Networks.Scores(network, images), Run(_folder["m.onnx"], images));
    }

    [Fact]
    public void A_network_of_vectors_takes_vectors()
    {
        manual_seed(4);
        using var network = nn.Sequential(("images", nn.Linear(4, 8)), ("relu", nn.ReLU()), ("scores", nn.Linear(8, 3)));
        ModelExport.ToOnnx(network, new(4), _folder["m.onnx"]);
        using var samples = rand(6, 4);
        Networks.AssertSame(Networks.Scores(network, samples), Run(_folder["m.onnx"], samples));
    }

    [Fact]
    public void Input_and_output_say_their_shapes_and_types()
    {
        using var model = Networks.Model(nameof(ResNet18));
        ModelExport.ToOnnx(model, _folder["m.onnx"]);
        using var session = new InferenceSession(_folder["m.onnx"]);
        var (input, output) = (session.InputMetadata["images"], session.OutputMetadata["scores"]);
        Assert.Equal([-1, 3, 32, 32], input.Dimensions);
        Assert.Equal([-1, 10], output.Dimensions);
        Assert.Equal((typeof(float), typeof(float)), (input.ElementType, output.ElementType));
        Assert.Equal("N", input.SymbolicDimensions[0]);
    }

    [Fact]
    public void The_file_carries_what_is_needed_to_use_it()
    {
        using var model = Networks.Model(nameof(FastNet), outputScale: 25);
        ModelExport.ToOnnx(model, _folder["m.onnx"]);
        using var session = new InferenceSession(_folder["m.onnx"]);
        using var description = JsonDocument.Parse(session.ModelMetadata.CustomMetadataMap["marginnet"]);
        var root = description.RootElement;
        Assert.Equal(model.ClassNames, root.GetProperty("class_names").EnumerateArray().Select(name => name.GetString()!));
        Assert.Equal(25, root.GetProperty("architecture").GetProperty("output_scale").GetDouble());
        Assert.Equal(
            model.Network.Options.Normalization.Mean,
            root.GetProperty("normalization").GetProperty("mean").EnumerateArray().Select(value => value.GetDouble()));
        Assert.False(root.TryGetProperty("state_dict", out _));
    }

    [Fact]
    public void A_layer_that_cannot_be_written_is_named_and_no_file_is_left()
    {
        using var network = nn.Sequential(("first", nn.Conv2d(1, 1, 3)), ("odd", nn.Hardshrink()));
        var refusal = Assert.Throws<NotSupportedException>(() => ModelExport.ToOnnx(network, new(1, 8, 8), _folder["m.onnx"]));
        Assert.Contains("'odd' is a Hardshrink", refusal.Message, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFiles(_folder.Path));
    }

    [Fact]
    public void The_network_keeps_its_mode_its_type_and_leaves_no_tensors()
    {
        using var model = Networks.Model(nameof(ResNet18));
        ModelExport.ToOnnx(model, _folder["first.onnx"]);
        model.Network.train();
        Assert.Equal(0, LiveTensors.LeftBy(() => ModelExport.ToOnnx(model, _folder["m.onnx"])));
        Assert.True(model.Network.training);
        Assert.Equal(File.ReadAllBytes(_folder["first.onnx"]), File.ReadAllBytes(_folder["m.onnx"]));
        model.Network.to(ScalarType.Float64);
        ModelExport.ToOnnx(model, _folder["double.onnx"]);
        Assert.Equal(new FileInfo(_folder["m.onnx"]).Length, new FileInfo(_folder["double.onnx"]).Length);
    }

    private static float[] Run(string path, Tensor images)
    {
        using var session = new InferenceSession(path);
        using var options = new RunOptions();
        using var value = OrtValue.CreateTensorValueFromMemory(images.data<float>().ToArray(), images.shape);
        using var results = session.Run(options, ["images"], [value], ["scores"]);
        return results[0].GetTensorDataAsSpan<float>().ToArray();
    }
}
