using MarginNet.Checkpoints;
using MarginNet.Data;
using MarginNet.ModelFiles;
using MarginNet.Models;
using static TorchSharp.torch;

namespace MarginNet.Cli.Tests.Commands;

public sealed class ExportCommandTests : IDisposable
{
    private readonly Tool _tool = new();

    public void Dispose() => _tool.Dispose();

    [Theory]
    [InlineData("onnx", "m.onnx")]
    [InlineData("safetensors", "m.safetensors")]
    [InlineData("state-dict", "m.state-dict.pt")]
    public async Task Each_format_is_written_beside_the_model_and_says_what_it_takes_and_gives(string format, string file)
    {
        SaveModel(new ResNet18(new() { Width = 4 }));
        var run = await Tool.RunAsync("export", _tool.File("m.pt"), "--to", format);
        Assert.Equal((0, ""), (run.ExitCode, run.Error));
        Assert.Contains(file, _tool.Files);
        Assert.Contains(
            format == "onnx" ? "images [N, 3, 32, 32], float32 pixels in [0, 1]" : "mean 0.4914, 0.4822, 0.4465; std 0.247, 0.2435, 0.2616",
            run.OutputLines[0],
            StringComparison.Ordinal);
        Assert.StartsWith("output   scores [N, 10]: arrow, crescent", run.OutputLines[1], StringComparison.Ordinal);
        Assert.StartsWith($"written  {_tool.File(file)} (", run.OutputLines[2], StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_names_can_be_those_of_pytorch_cifar()
    {
        SaveModel(new ResNet18(new() { Width = 4, Rectify = true }));
        var run = await Tool.RunAsync(
            "export", _tool.File("m.pt"), "--to", "safetensors", "--names", "pytorch-cifar", "--out", _tool.File("w.safetensors"));
        Assert.Equal(0, run.ExitCode);
        Assert.Contains("negative ones to be set to 0", run.Output, StringComparison.Ordinal);
        var names = SafeTensorsFile.Read(_tool.File("w.safetensors")).Tensors.Keys;
        Assert.Subset(names.ToHashSet(), new HashSet<string> { "layer2.0.shortcut.0.weight", "linear.weight", "linear.bias" });
        Assert.DoesNotContain(
            names, name => name.Contains("downsample", StringComparison.Ordinal) || name.Contains("fc", StringComparison.Ordinal));
    }

    [Fact]
    public async Task What_does_not_go_together_is_refused_in_one_line()
    {
        SaveModel(new FastNet(new() { Width = 4 }));
        var model = _tool.File("m.pt");
        await Refused(
            "Only a ResNet-18 has the names of pytorch-cifar; the model is a FastNet", model, "--to", "state-dict", "--names",
            "pytorch-cifar");
        await Refused("--names does not go with --to onnx", model, "--to", "onnx", "--names", "torchvision");
        await Refused("the model itself", model, "--to", "state-dict", "--out", model);
        await Refused("folder does not exist", model, "--to", "onnx", "--out", _tool.File("nowhere/m.onnx"));
        await Refused("does not exist", _tool.File("none.pt"), "--to", "onnx");
        await Refused("tflite", model, "--to", "tflite");
        await Refused("--to", model);
        Assert.Equal(["m.pt"], _tool.Files);
    }

    private static async Task Refused(string reason, params string[] arguments)
    {
        var run = await Tool.RunAsync(["export", .. arguments]);
        Assert.Equal((2, ""), (run.ExitCode, run.Output));
        Assert.Contains(reason, run.Error, StringComparison.Ordinal);
        Assert.Equal(1, run.Error.Count(c => c == '\n'));
    }

    private void SaveModel(Classifier network)
    {
        manual_seed(9);
        using var model = new MarginModel(network, SyntheticShapes.ClassNames, (32, 32));
        model.Save(_tool.File("m.pt"));
    }
}
