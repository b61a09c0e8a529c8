using MarginNet.Bounds;
using MarginNet.Export;
using MarginNet.Graph.Modules;
using MarginNet.Models;
using Microsoft.ML.OnnxRuntime;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace MarginNet.Tests.Graph;

/// <summary>A module and its graph compute the same.</summary>
public sealed class ModuleReaderTests : IDisposable
{
    private static readonly FeatureShape Plane = new(4, 9, 8);

    private readonly TemporaryFolder _folder = new();

    /// <summary>Each kind of module that reads images of 4x9x8, and some that follow others.</summary>
    private static (string Name, Func<nn.Module<Tensor, Tensor>> Make)[] OfImages =>
    [
        ("Conv2d", () => nn.Conv2d(4, 6, (3, 2), stride: (2, 1), padding: (1, 2), dilation: (1, 2), groups: 2)),
        ("ConvTranspose2d", () => nn.ConvTranspose2d(
            4, 6, (3, 2), stride: (2, 3), padding: (1, 0), dilation: (1, 2), output_padding: (1, 1), groups: 2)),
        ("ConvTranspose1d", () => nn.Sequential(nn.Flatten(), nn.Unflatten(1, [4, 72]), nn.ConvTranspose1d(4, 3, 4, stride: 2))),
        ("Conv1d", () => nn.Sequential(nn.Flatten(), nn.Unflatten(1, [-1, 36]), nn.Conv1d(8, 3, 4, stride: 2, padding: 1, dilation: 2))),
        ("BatchNorm2d", () => nn.BatchNorm2d(4)),
        ("BatchNorm2d without factors", () => nn.BatchNorm2d(4, affine: false)),
        ("BatchNorm1d", () => nn.Sequential(nn.Flatten(), nn.Linear(288, 5), nn.BatchNorm1d(5))),
        ("LayerNorm", () => nn.LayerNorm([9, 8])),
        ("LayerNorm without factors", () => nn.LayerNorm([8], elementwise_affine: false)),
        ("InstanceNorm2d", () => nn.InstanceNorm2d(4, affine: true)),
        ("InstanceNorm2d without factors", () => nn.InstanceNorm2d(4)),
        ("GroupNorm", () => nn.GroupNorm(2, 4)),
        ("ReLU", () => nn.ReLU()),
        ("ReLU6", () => nn.ReLU6()),
        ("LeakyReLU", () => nn.LeakyReLU(0.2)),
        ("PReLU", () => nn.PReLU(1)),
        ("PReLU by channel", () => nn.PReLU(4, 0.4)),
        ("ELU", () => nn.ELU(1.5)),
        ("Tanh", nn.Tanh),
        ("Sigmoid", nn.Sigmoid),
        ("SiLU", nn.SiLU),
        ("GELU", nn.GELU),
        ("Hardswish", () => nn.Hardswish()),
        ("Hardsigmoid", () => nn.Hardsigmoid()),
        ("Mish", () => nn.Mish()),
        ("Softsign", () => nn.Softsign()),
        ("Softmax", () => nn.Softmax(-1)),
        ("LogSoftmax", () => nn.LogSoftmax(1)),
        ("MaxPool2d", () => nn.MaxPool2d(3, stride: 2, padding: 1, dilation: 2)),
        ("MaxPool2d, each axis", () => nn.MaxPool2d((3, 2), stride: (2, 1), padding: (1, 0), dilation: (1, 2))),
        ("MaxPool2d, ceiling", () => nn.MaxPool2d((2, 3), ceil_mode: true)),
        ("MaxPool1d", () => nn.Sequential(nn.Flatten(), nn.Unflatten(1, [4, 72]), nn.MaxPool1d(3))),
        ("AvgPool2d", () => nn.AvgPool2d((3, 2), stride: (2, 1), padding: (1, 1))),
        ("AvgPool2d without what is added", () => nn.AvgPool2d(3, stride: 2, padding: 1, count_include_pad: false)),
        ("AvgPool1d", () => nn.Sequential(nn.Flatten(), nn.Unflatten(1, [4, 72]), nn.AvgPool1d(3, stride: 2))),
        ("AdaptiveAvgPool2d", () => nn.AdaptiveAvgPool2d(1)),
        ("AdaptiveAvgPool2d of several", () => nn.AdaptiveAvgPool2d((2, 3))),
        ("AdaptiveMaxPool2d", () => nn.AdaptiveMaxPool2d([1, 1])),
        ("PixelUnshuffle", () => nn.Sequential(nn.AvgPool2d((2, 1)), nn.PixelUnshuffle(2))),
        ("Linear of rows", () => nn.Linear(8, 5)),
        ("Linear", () => nn.Sequential(nn.Flatten(), nn.Dropout(0.3), nn.Linear(288, 5, hasBias: false), nn.Identity())),
        ("A module that is called twice", () => Twice(nn.Conv2d(4, 4, 3, padding: 1))),
    ];

    public static TheoryData<string> Modules => [.. OfImages.Select(module => module.Name)];

    public static TheoryData<string> Networks =>
        [nameof(ResNet18), "ResNet18, large stem", nameof(FastNet), nameof(LipNet), nameof(OrthogonalNet), nameof(LiResNet), nameof(ConvNet)];

    public void Dispose() => _folder.Dispose();

    [Theory]
    [MemberData(nameof(Modules))]
    public void A_module_computes_in_a_graph_and_in_ONNX_Runtime_what_it_computes_itself(string name)
    {
        manual_seed(23);
        using var network = OfImages.Single(module => module.Name == name).Make();
        Compare(network, Plane);
    }

    [Theory]
    [MemberData(nameof(Networks))]
    public void So_do_the_networks_of_this_library(string name)
    {
        manual_seed(24);
        foreach (var (scale, rectify) in new[] { (1.0, false), (7.0, true) })
        {
            using Classifier network = name switch
            {
                nameof(FastNet) => new FastNet(new() { Width = 4, OutputScale = scale, Rectify = rectify }),
                nameof(LipNet) => new LipNet(new() { Width = 14, ImageSize = (12, 16), OutputScale = scale, Rectify = rectify }),
                nameof(OrthogonalNet) =>
                    new OrthogonalNet(new() { Width = 14, ImageSize = (8, 16), OutputScale = scale, Rectify = rectify }),
                nameof(LiResNet) => new LiResNet(new() { Width = 14, ImageSize = (12, 16), OutputScale = scale, Rectify = rectify }),
                nameof(ConvNet) => new ConvNet(new() { Width = 4, ImageSize = (12, 16), OutputScale = scale, Rectify = rectify }),
                nameof(ResNet18) => new ResNet18(new() { Width = 3, OutputScale = scale, Rectify = rectify }),
                _ => new ResNet18(new() { Width = 3, OutputScale = scale, Rectify = rectify, Stem = ResNetStem.Large }),
            };
            Compare(network, new(3, network is OrthogonalNet ? 8 : 12, 16));
        }
    }

    [Fact]
    public void In_training_mode_residual_layers_of_graphs_are_those_of_modules()
    {
        using var scope = NewDisposeScope();
        using var network = new LipNet(new() { Width = 5, ImageSize = (8, 8) });
        var graph = ModuleReader.Read(network, new(3, 8, 8));
        var images = rand(3, 3, 8, 8);
        network.train();
        Assert.True(network.call(images).allclose(graph.Run(images, Values(graph), isTraining: true), 1e-5, 1e-6));
    }

    [Fact]
    public void Layers_that_do_not_take_what_they_get_are_named()
    {
        using var network = nn.Sequential(("a", nn.Conv2d(3, 2, 3)), ("b", nn.Linear(5, 2)));
        var error = Assert.Throws<ArgumentException>(() => ModuleReader.Read(network, new(3, 8, 8)));
        Assert.Contains("Node 'b.product' (MatMul): It gets [N, 2, 6, 6] and [5, 2]", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_vector_is_an_image_of_one_pixel_where_the_network_takes_images()
    {
        using var network = nn.Sequential(nn.Conv2d(3, 2, 1), nn.Flatten());
        using var scope = NewDisposeScope();
        Assert.Equal("[N, 3, 1, 1]", ModuleReader.Read(network, new(3)).Input.ToString());
    }

    private static Sequential Twice(nn.Module<Tensor, Tensor> module) => nn.Sequential(module, nn.Tanh(), module);

    private static Tensor[] Values(MarginNet.Graph.NetworkGraph graph) => [.. graph.Parameters.Select(parameter => parameter.Value)];

    private void Compare(nn.Module<Tensor, Tensor> network, FeatureShape input)
    {
        using var scope = NewDisposeScope();
        using var inference = no_grad();
        foreach (var normalization in network.modules().OfType<BatchNorm>())
        {
            normalization.running_mean!.normal_(0, 0.3);
            normalization.running_var!.uniform_(0.5, 1.5);
        }

        foreach (var parameter in network.parameters().Where(parameter => parameter.dim() == 1))
        {
            parameter.add_(0.3 * randn_like(parameter));
        }

        network.eval();
        var graph = ModuleReader.Read(network, input);
        ModelExport.ToOnnx(network, input, _folder["m.onnx"]);
        foreach (var count in new[] { 1, 3 })
        {
            var images = randn(count, input.Channels, input.Height, input.Width);
            var expected = network.call(images);
            var found = graph.Run(images, Values(graph));
            Assert.Equal(expected.shape, found.shape);
            var (numbers, scale) = (expected.contiguous().data<float>().ToArray(), expected.abs().max().item<float>());
            AssertClose(numbers, found.contiguous().data<float>().ToArray(), scale);
            AssertClose(numbers, Run(_folder["m.onnx"], images), scale);
        }
    }

    private static void AssertClose(float[] expected, float[] found, float scale) =>
        Assert.InRange(expected.Zip(found, (one, other) => Math.Abs(one - other)).Max(), 0, 2e-5 * Math.Max(1, scale));

    private static float[] Run(string path, Tensor images)
    {
        using var session = OnnxSession.Open(File.ReadAllBytes(path));
        using var options = new RunOptions();
        using var value = OrtValue.CreateTensorValueFromMemory(images.data<float>().ToArray(), images.shape);
        using var results = session.Run(options, ["images"], [value], ["scores"]);
        return results[0].GetTensorDataAsSpan<float>().ToArray();
    }
}
