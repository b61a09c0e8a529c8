using System.Collections.Concurrent;
using Google.Protobuf;
using MarginNet.Arrays;
using MarginNet.Checkpoints;
using MarginNet.Foreign;
using MarginNet.ModelFiles;
using MarginNet.Models;
using Onnx;
using TorchSharp;
using static TorchSharp.torch;

namespace MarginNet.Tests.Foreign;

/// <summary>Programs that are no plain classifier of RGB images: several outputs, other orders and counts of channels, chance.</summary>
public sealed class ProgramOutputTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("pair.pt", "1", "0 [N, 6], 1 [N, 5]")]
    [InlineData("named.pt", "logits", "features [N, 6], logits [N, 5]")]
    [InlineData("pair.onnx", "logits", "features [n, 6], logits [n, 5]")]
    public void Of_several_outputs_the_one_asked_for_is_taken_and_remembered(string file, string output, string list)
    {
        Refused(file, ProgramFiles.Trusted, $"It has several outputs, {list}: say which has the scores by --model-output NAME");
        Refused(file, ProgramFiles.Trusted with { Output = "scores" }, $"It has no output 'scores', but {list}.");
        using var model = MarginModel.Load(ProgramFiles.PathOf(file), ProgramFiles.Trusted with { Output = output });
        Assert.InRange(ProgramFiles.Difference(model, file), 0, ForeignFiles.Tolerance);
        Assert.Contains($"of its outputs {list}, '{output}' has the scores.", model.Notes);
        model.Save(_folder["own.pt"]);
        using var own = MarginModel.Load(_folder["own.pt"], new LoadOptions { TrustTorchScript = true });
        Assert.InRange(ProgramFiles.Difference(own, file), 0, ForeignFiles.Tolerance);
    }

    [Fact]
    public void The_gradients_of_an_output_in_a_dictionary_are_there()
    {
        using var scope = NewDisposeScope();
        using var model = MarginModel.Load(ProgramFiles.PathOf("named.pt"), ProgramFiles.Trusted with { Output = "logits" });
        var images = ProgramFiles.Images().requires_grad_();
        autograd.backward([model.Network.call(images).sum()], inputs: [images]);
        Assert.True(images.grad!.abs().max().item<float>() > 0);
    }

    [Fact]
    public void What_does_not_go_with_the_kind_of_file_is_refused()
    {
        Refused("scripted.pt", ProgramFiles.Trusted with { Output = "x" }, "It has one output");
        Refused("scripted.pt", ProgramFiles.Trusted with { Weights = "x" }, "leave --weights");
        Refused("kuangliu.pt", new() { Output = "x" }, "leave --model-output");
        Refused("fixed.onnx", new() { Output = "x" }, "It has no output 'x', but scores [");
    }

    [Fact]
    public void Images_with_channels_last_and_scores_with_sizes_of_one_are_understood()
    {
        using var model = MarginModel.Load(ProgramFiles.PathOf("channels_last.onnx"));
        Assert.Equal((3, (16, 16)), (model.Channels, model.ImageSize));
        Assert.InRange(ProgramFiles.Difference(model, "channels_last.onnx"), 0, ForeignFiles.Tolerance);
        Assert.Contains(model.Notes, note => note.Contains("channels last", StringComparison.Ordinal));
    }

    [Fact]
    public void A_program_that_takes_grey_images_says_so_by_taking_them()
    {
        using var model = MarginModel.Load(ProgramFiles.PathOf("grey.pt"), ProgramFiles.Trusted);
        Assert.Equal(1, model.Channels);
        Assert.InRange(ProgramFiles.Difference(model, "grey.pt"), 0, ForeignFiles.Tolerance);
        var message = Assert.Throws<InvalidDataException>(
            () => model.Score(MarginNet.Data.ImageSet.Create(new byte[3 * 16 * 16], [0], 3, 16, 16))).Message;
        Assert.Contains("The images have 3 channels, but the network takes 1", message, StringComparison.Ordinal);
        using var normalized = MarginModel.Load(ProgramFiles.PathOf("grey.pt"), ProgramFiles.Trusted with
        {
            Normalization = new([0.5], [0.25]),
        });
        Assert.True(ProgramFiles.Difference(normalized, "grey.pt") > 1e-3);
    }

    [Theory]
    [InlineData("dropout.pt", "other scores each time")]
    [InlineData("dropout.onnx", "other scores each time")]
    [InlineData("batchnorm.pt", "other scores alone than in a batch")]
    [InlineData("batchnorm.onnx", "is in training mode")]
    public void A_program_left_in_training_mode_is_refused_with_the_line_that_cures_it(string file, string reason)
    {
        Refused(file, ProgramFiles.Trusted, reason);
        Refused(file, ProgramFiles.Trusted, "Call model.eval() before torch.onnx.export or torch.jit.trace, and export it again.");
    }

    [Fact]
    public void A_program_that_takes_one_scale_from_a_whole_batch_is_run_image_by_image()
    {
        File.WriteAllBytes(_folder["q.onnx"], OnnxFiles.DynamicallyQuantized());
        using var model = MarginModel.Load(_folder["q.onnx"]);
        float[] dark = [.. Enumerable.Range(0, 3 * 16 * 16).Select(i => i / 76_800f)];
        float[] bright = [.. dark.Select(pixel => 100 * pixel)];
        var scores = new ImageArray([.. dark, .. bright], 3, 16, 16).Score(model.Network);
        Assert.Equal(model.Score(dark), scores[0].ToArray());
        Assert.Equal(model.Score(bright), scores[1].ToArray());
    }

    /// <summary>ONNX Runtime's own reading of such metadata throws.</summary>
    [Fact]
    public void Metadata_may_be_any_text()
    {
        var file = ModelProto.Parser.ParseFrom(OnnxFiles.DynamicallyQuantized());
        file.MetadataProps.Add(new StringStringEntryProto { Key = "a\0b" });
        File.WriteAllBytes(_folder["m.onnx"], file.ToByteArray());
        using var model = MarginModel.Load(_folder["m.onnx"]);
        Assert.Equal<string>(["0", "1", "2"], model.ClassNames);
    }

    [Fact]
    public void A_file_of_ours_that_names_no_output_means_the_first()
    {
        var network = OnnxRuntimeNetwork.Load(File.ReadAllBytes(ProgramFiles.PathOf("pair.onnx")), new() { Output = "features" }).Network;
        using var model = new MarginModel(network, [.. "abcdef".Select(name => $"{name}")], (16, 16)); // As files of 0.1 have it.
        model.Save(_folder["own.pt"]);
        var graph = (Dictionary<string, object?>)PyTorchFile.Read(_folder["own.pt"])!;
        Assert.True(((Dictionary<string, object?>)graph["architecture"]!).Remove("output"));
        PyTorchFile.Write(_folder["old.pt"], graph);
        using var old = MarginModel.Load(_folder["old.pt"]);
        var pixels = new float[3 * 16 * 16];
        Assert.Equal(model.Score(pixels), old.Score(pixels));
    }

    [Fact]
    public void A_GPU_that_ONNX_Runtime_cannot_use_is_refused_in_one_line()
    {
        const int NoSuchGpu = 4095;
        var refusal = Assert.Throws<NotSupportedException>(
            () => OnnxProgram.Open(File.ReadAllBytes(ProgramFiles.PathOf("pair.onnx")), NoSuchGpu));
        Assert.StartsWith($"ONNX Runtime cannot use the GPU {NoSuchGpu}: ", refusal.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', refusal.Message);
    }

    [CudaFact]
    public void ONNX_Runtime_scores_on_the_GPU_as_on_the_CPU()
    {
        var network = OnnxRuntimeNetwork.Load(File.ReadAllBytes(ProgramFiles.PathOf("pair.onnx")), new() { Output = "features" }).Network;
        using var images = rand(5, 3, 16, 16);
        using var expected = network.call(images);
        using var onGpu = network.to(CUDA).call(images.to(CUDA));
        Assert.Equal(DeviceType.CUDA, onGpu.device_type);
        Assert.True(allclose(expected, onGpu.cpu(), 1e-4, 1e-4)); // Sums in another order, and TF32 where ONNX Runtime takes it.
    }

    [Fact]
    public void A_pass_of_ONNX_that_takes_too_long_is_given_up()
    {
        File.WriteAllBytes(_folder["loop.onnx"], OnnxFiles.Forever(16));
        Refused(_folder["loop.onnx"], new() { TimeLimit = TimeSpan.FromSeconds(0.5) }, "It ran for more than 0.5 s on 2 images and is " +
            "given up");
    }

    [Fact]
    public void A_pass_that_nothing_can_stop_is_told_once_the_time_is_over_and_not_before_or_after()
    {
        using var told = new BlockingCollection<string>();
        var limit = new PassLimit(TimeSpan.FromSeconds(0.2), told.Add);
        limit.Start(images: 3).Dispose();
        using var watch = limit.Start(images: 7);
        Assert.True(told.TryTake(out var reason, TimeSpan.FromMinutes(1)));
        Assert.StartsWith("It ran for more than 0.2 s on 7 images and is given up", reason, StringComparison.Ordinal);
        Assert.True(watch.IsOver);
        Assert.Empty(told);
        using var unlimited = new PassLimit(null, told.Add).Start(images: 1);
        Assert.False(unlimited.IsOver);
    }

    private static void Refused(string file, LoadOptions options, string reason)
    {
        var path = File.Exists(file) ? file : ProgramFiles.PathOf(file);
        var message = Assert.Throws<InvalidDataException>(() => MarginModel.Load(path, options)).Message;
        Assert.Contains(reason, message, StringComparison.Ordinal);
        Assert.StartsWith($"'{path}' is not a model this MarginNet can use. ", message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', message);
    }
}
