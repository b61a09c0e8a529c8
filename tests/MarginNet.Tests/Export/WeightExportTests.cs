using System.Globalization;
using System.Text.Json;
using MarginNet.Checkpoints;
using MarginNet.Export;
using MarginNet.ModelFiles;
using MarginNet.Models;
using static TorchSharp.torch;

namespace MarginNet.Tests.Export;

public sealed class WeightExportTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public static TheoryData<string> Architectures => [.. Networks.Names];

    public void Dispose() => _folder.Dispose();

    /// <remarks><see cref="The_fixtures_can_be_written_anew"/> made the files: MarginNet the model, PyTorch 1.13 the scores.</remarks>
    [Theory]
    [MemberData(nameof(Architectures))]
    public void A_kept_model_has_the_scores_that_PyTorch_found_with_its_exported_weights(string architecture)
    {
        using var model = MarginModel.Load(FixtureOf($"{architecture}.pt"));
        Networks.AssertSame(Numbers(File.ReadAllText(FixtureOf($"{architecture}.txt"))), RampScores(model));
    }

    [PythonFact]
    public void PyTorch_gives_the_same_scores_with_the_exported_weights()
    {
        foreach (var architecture in Networks.Names)
        {
            using var model = Networks.Model(architecture, outputScale: 5);
            ModelExport.ToStateDict(model, _folder["m.pt"]);
            ModelExport.ToSafeTensors(model, _folder["m.safetensors"]);
            var expected = RampScores(model);
            Networks.AssertSame(expected, Python(model, "m.pt", architecture));
            Networks.AssertSame(expected, Python(model, "m.safetensors", architecture));
        }
    }

    [PythonFact]
    public void PyTorch_code_with_the_names_of_pytorch_cifar_gives_the_same_scores()
    {
        using var model = Networks.Model(nameof(ResNet18), outputScale: 5);
        ModelExport.ToStateDict(model, _folder["m.pt"], WeightNames.PytorchCifar);
        Networks.AssertSame(RampScores(model), Python(model, "m.pt", nameof(ResNet18), "pytorch-cifar"));
    }

    [Fact]
    public void Without_an_output_scale_the_weights_are_those_of_the_network_bit_for_bit()
    {
        using var model = Networks.Model(nameof(ResNet18));
        ModelExport.ToStateDict(model, _folder["m.pt"]);
        ModelExport.ToSafeTensors(model, _folder["m.safetensors"]);
        var expected = model.Network.state_dict();
        var plain = Assert.IsType<Dictionary<string, object?>>(PyTorchFile.Read(_folder["m.pt"]));
        var safe = SafeTensorsFile.Read(_folder["m.safetensors"]).Tensors;
        Assert.Equal(expected.Keys, plain.Keys);
        Assert.Equal(expected.Keys, safe.Keys);
        foreach (var (name, tensor) in expected)
        {
            var bytes = tensor.bytes.ToArray();
            Assert.Equal(bytes, ((StoredTensor)plain[name]!).Data.ToArray());
            Assert.Equal(bytes, safe[name].Data.ToArray());
        }
    }

    [Fact]
    public void The_description_says_that_the_output_scale_is_in_the_weights_already()
    {
        using var model = Networks.Model(nameof(ResNet18), outputScale: 5);
        ModelExport.ToSafeTensors(model, _folder["m.safetensors"]);
        var metadata = SafeTensorsFile.Read(_folder["m.safetensors"]).Metadata;
        Assert.Equal("pt", metadata["format"]); // What Hugging Face's loaders ask for.
        using var description = JsonDocument.Parse(metadata["marginnet"]);
        Assert.Equal(1, description.RootElement.GetProperty("architecture").GetProperty("output_scale").GetDouble());
        Assert.Equal("ResNet18", model.Network.GetName());
    }

    [Theory]
    [InlineData("[")]
    [InlineData("{\"class_names\": [\"\\ud800\"]}")]
    public void A_damaged_description_is_refused(string description)
    {
        using var model = Networks.Model(nameof(ResNet18));
        ModelExport.ToSafeTensors(model, _folder["m.safetensors"]);
        var content = SafeTensorsFile.Read(_folder["m.safetensors"]);
        SafeTensorsFile.Write(
            _folder["m.safetensors"], content with { Metadata = new Dictionary<string, string> { ["marginnet"] = description } });
        var refusal = Assert.Throws<InvalidDataException>(() => MarginModel.Load(_folder["m.safetensors"]));
        Assert.Contains("Its metadata 'marginnet' cannot be used: It is not JSON", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_names_of_pytorch_cifar_are_a_ResNets_only()
    {
        using var model = Networks.Model(nameof(FastNet));
        var refusal = Assert.Throws<NotSupportedException>(() => ModelExport.ToStateDict(model, _folder["m.pt"], WeightNames.PytorchCifar));
        Assert.Contains("the model is a FastNet", refusal.Message, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFiles(_folder.Path));
    }

    [Fact]
    public void The_weights_of_a_LipNet_are_refused_since_no_plain_PyTorch_code_takes_them()
    {
        using var model = Networks.Model(nameof(LipNet));
        var refusal = Assert.Throws<NotSupportedException>(() => ModelExport.ToSafeTensors(model, _folder["m.safetensors"]));
        Assert.Contains("export it as ONNX", refusal.Message, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFiles(_folder.Path));
    }

    [Fact]
    public void Exporting_leaves_no_tensors()
    {
        using var model = Networks.Model(nameof(FastNet), outputScale: 5);
        ModelExport.ToStateDict(model, _folder["m.pt"]);
        Assert.Equal(0, LiveTensors.LeftBy(() => ModelExport.ToStateDict(model, _folder["m.pt"])));
        Assert.Equal(0, LiveTensors.LeftBy(() => ModelExport.ToSafeTensors(model, _folder["m.safetensors"])));
    }

    /// <summary>Writes the fixtures anew, into the folder that MARGINNET_FIXTURES names.</summary>
    [PythonFact]
    public void The_fixtures_can_be_written_anew()
    {
        var folder = Environment.GetEnvironmentVariable("MARGINNET_FIXTURES") ?? _folder.Path;
        foreach (var architecture in Networks.Names)
        {
            using var model = Networks.Model(architecture, outputScale: 3);
            model.Save(Path.Combine(folder, $"{architecture}.pt"));
            ModelExport.ToStateDict(model, _folder["m.pt"]);
            var scores = Python(model, "m.pt", architecture);
            Assert.Equal(10, scores.Length);
            File.WriteAllText(
                Path.Combine(folder, $"{architecture}.txt"),
                string.Join(' ', scores.Select(score => score.ToString("r", CultureInfo.InvariantCulture))));
        }
    }

    private static string FixtureOf(string name) => Path.Combine(AppContext.BaseDirectory, "Export", "Fixtures", name);

    private static float[] RampScores(MarginModel model)
    {
        using var image = linspace(0, 1, 3 * 32 * 32).reshape(1, 3, 32, 32);
        return Networks.Scores(model.Network, image);
    }

    private static float[] Numbers(string text) => [.. text.Split(' ').Select(number => float.Parse(number, CultureInfo.InvariantCulture))];

    private float[] Python(MarginModel model, string file, string architecture, string names = "torchvision")
    {
        var normalization = model.Network.Options.Normalization;
        return Numbers(PythonFactAttribute.Run(
            FixtureOf("score_exported.py"), _folder[file], architecture, names, List(normalization.Mean),
            List(normalization.StandardDeviation)));
    }

    private static string List(IEnumerable<double> values) =>
        string.Join(',', values.Select(value => value.ToString("r", CultureInfo.InvariantCulture)));
}
