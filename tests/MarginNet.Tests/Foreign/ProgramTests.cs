using System.IO.Compression;
using Google.Protobuf;
using MarginNet.Arrays;
using MarginNet.Attacks;
using MarginNet.Foreign;
using MarginNet.Lipschitz;
using MarginNet.ModelFiles;
using MarginNet.Models;
using Onnx;
using static TorchSharp.torch;

namespace MarginNet.Tests.Foreign;

/// <summary>TorchScript and ONNX: networks whose architecture nobody here knows.</summary>
public sealed class ProgramTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("traced.pt", nameof(ModelFileKind.TorchScript))]
    [InlineData("dynamic.onnx", nameof(ModelFileKind.Onnx))]
    [InlineData("kuangliu.pt", nameof(ModelFileKind.PyTorch))]
    public void The_kind_of_a_file_is_told_by_its_content(string file, string kind)
    {
        File.Copy(ForeignFiles.Committed[file], _folder["model"]);
        Assert.Equal(kind, ModelFileKinds.Of(_folder["model"]).ToString());
    }

    [Fact]
    public void A_program_is_not_loaded_unless_trusted_and_neither_is_one_that_our_own_file_holds()
    {
        Refused(ForeignFiles.Committed["writer.pt"], new() { ImageSize = (16, 16) }, "--trust-torchscript");
        Assert.False(File.Exists("program-was-here"));
        using var model = MarginModel.Load(ForeignFiles.Committed["traced.pt"], ForeignFiles.Trained);
        model.Save(_folder["own.pt"]);
        Refused(_folder["own.pt"], new(), "--trust-torchscript");
    }

    [Fact]
    public void The_size_of_its_images_is_asked_for_where_the_file_does_not_say()
    {
        Refused(ForeignFiles.Committed["traced.pt"], new() { TrustTorchScript = true }, "--input-size");
        Refused(ForeignFiles.Committed["dynamic.onnx"], new(), "--input-size");
        Refused(ForeignFiles.Committed["fixed.onnx"], new() { ImageSize = (32, 32) }, "images of 16x16, not of 32x32");
        using var model = MarginModel.Load(ForeignFiles.Committed["fixed.onnx"]);
        Assert.Equal((16, 16), model.ImageSize);
    }

    [Fact]
    public void A_program_that_is_no_classifier_of_such_images_is_refused_in_one_line()
    {
        Refused(
            ForeignFiles.Committed["traced.pt"], ForeignFiles.Trained with { Normalization = new([0.5], [0.5]) },
            "fails on images 1x16x16: RuntimeError: ");
        Refused(ForeignFiles.Committed["dynamic.onnx"], ForeignFiles.Trained with { Normalization = new([0.5], [0.5]) }, "3 channels");
    }

    [Fact]
    public void Damage_to_a_program_is_found()
    {
        foreach (var file in new[] { "traced.pt", "dynamic.onnx" })
        {
            var bytes = File.ReadAllBytes(ForeignFiles.Committed[file]);
            _folder.Write(bytes[..(bytes.Length / 2)], "cut");
            Assert.Throws<InvalidDataException>(() => MarginModel.Load(_folder["cut"], ForeignFiles.Trained));
        }

        var damaged = File.ReadAllBytes(ForeignFiles.Committed["traced.pt"]);
        damaged[damaged.AsSpan().IndexOf("data/0FB"u8) + 200] ^= 1; // In the first weights; LibTorch would load them.
        _folder.Write(damaged, "damaged.pt");
        Refused(_folder["damaged.pt"], ForeignFiles.Trained, "CRC-32");
    }

    [Fact]
    public void A_zip_bomb_is_refused_before_it_is_unpacked()
    {
        using (var zip = ZipFile.Open(_folder["bomb.pt"], ZipArchiveMode.Create))
        {
            using (zip.CreateEntry("net/constants.pkl").Open())
            {
            }

            using var entry = zip.CreateEntry("net/code/__torch__.py", CompressionLevel.SmallestSize).Open();
            var zeros = new byte[1 << 20];
            for (var i = 0; i < 100; i++)
            {
                entry.Write(zeros);
            }
        }

        Refused(_folder["bomb.pt"], ForeignFiles.Trained, "Its entries claim more than");
    }

    [Theory]
    [InlineData("traced.pt")]
    [InlineData("scripted.pt")]
    public void TorchScript_can_be_attacked_and_its_gradients_measured(string file)
    {
        using var scope = NewDisposeScope();
        using var model = MarginModel.Load(ForeignFiles.Committed[file], ForeignFiles.Trained);
        Assert.True(model.Network.IsDifferentiable);
        var images = ForeignFiles.Committed.Images(file);
        var labels = model.Network.call(images).argmax(1);
        var attacked = Fgsm.Perturb(model.Network, images, labels, 0.01);
        Assert.InRange((attacked - images).abs().max().item<float>(), 0.0099, 0.0101);
        var (before, after) = (Loss(images), Loss(attacked));
        Assert.True(after > before);
        Assert.True(LipschitzLowerBounds.Compute(model.Network, images, ascentSteps: 2).Scores.Value > 0);
        Assert.Throws<NotSupportedException>(() => LipschitzBounds.Compute(model.Network, new(3, 16, 16)));

        float Loss(Tensor points)
        {
            using var inference = no_grad();
            return nn.functional.cross_entropy(model.Network.call(points), labels).item<float>();
        }
    }

    [Fact]
    public void What_ONNX_Runtime_runs_has_no_gradients_and_says_so()
    {
        using var scope = NewDisposeScope();
        _folder.Write(OnnxFiles.DynamicallyQuantized(), "q.onnx");
        using var model = MarginModel.Load(_folder["q.onnx"], ForeignFiles.Trained);
        Assert.False(model.Network.IsDifferentiable);
        var images = ForeignFiles.Committed.Images("fixed.onnx");
        var message = Assert.Throws<NotSupportedException>(
            () => Fgsm.Perturb(model.Network, images, zeros(4, dtype: ScalarType.Int64), 0.01)).Message;
        Assert.Contains("without gradients", message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("kuangliu.pt")]
    [InlineData("traced.pt")]
    [InlineData("scripted.pt")]
    [InlineData("fixed.onnx")]
    [InlineData("dynamic.onnx")]
    public void Eight_threads_on_one_model_get_the_scores_that_one_gets(string file)
    {
        using var model = MarginModel.Load(ForeignFiles.Committed[file], ForeignFiles.Trained);
        using var images = ForeignFiles.Committed.Images(file);
        var batch = new ImageArray(images.data<float>().ToArray(), 3, 16, 16);
        float[][] Scores() => [.. Enumerable.Range(0, batch.Count).Select(i => model.Score(batch[i])), .. Rows(batch.Score(model.Network))];

        var expected = Scores();
        var all = new float[8][][][];
        var threads = all.Select((_, t) => new Thread(() => all[t] = [.. Enumerable.Range(0, 20).Select(_ => Scores())])).ToArray();
        Array.ForEach(threads, thread => thread.Start());
        Array.ForEach(threads, thread => thread.Join());
        Assert.All(all, own => Assert.All(own, scores => Assert.Equal(expected, scores)));
    }

    [Theory]
    [InlineData("kuangliu.pt", null)]
    [InlineData("traced.pt", null)]
    [InlineData("dynamic.onnx", null)]
    [InlineData("pair.pt", "1")]
    [InlineData("named.pt", "logits")]
    public void Scoring_leaves_no_tensor_behind(string file, string? output)
    {
        using var model = MarginModel.Load(ForeignFiles.Committed[file], ForeignFiles.Trained with { Output = output });
        var pixels = new float[3 * 16 * 16];
        model.Score(pixels);
        Assert.Equal(0, LiveTensors.LeftBy(() => model.Score(pixels)));
    }

    /// <summary>Weights in another file that is none of weights, and dimensions of a million million.</summary>
    [Theory]
    [InlineData("linked.onnx", "keeps weights in 'expected.pt': 82588 bytes from byte 0, where its tensor needs 48")]
    [InlineData("huge.onnx", "ONNX Runtime says: ")]
    public void A_hostile_ONNX_model_is_refused(string file, string reason) =>
        Refused(ForeignFiles.Committed[file], ForeignFiles.Trained, reason);

    [Fact]
    public void An_ONNX_model_without_outputs_is_refused()
    {
        var file = new ModelProto
        {
            IrVersion = 8,
            OpsetImport = { new OperatorSetIdProto { Version = 17 } },
            Graph = new()
            {
                Name = "graph",
                Node = { OnnxFiles.Node("Relu", ["images"], "scores") },
                Input = { OnnxFiles.Value("images", TensorProto.Types.DataType.Float, [1, 3, 8, 8]) },
            },
        };
        using var folder = new TemporaryFolder();
        var path = folder["silent.onnx"];
        File.WriteAllBytes(path, file.ToByteArray());
        Refused(path, new(), "It has no outputs");
    }

    private static IEnumerable<float[]> Rows(MarginNet.Margins.ScoreMatrix scores) =>
        Enumerable.Range(0, scores.Count).Select(i => scores[i].ToArray());

    private static void Refused(string path, LoadOptions options, string reason)
    {
        var message = Assert.Throws<InvalidDataException>(() => MarginModel.Load(path, options)).Message;
        Assert.Contains(reason, message, StringComparison.Ordinal);
        Assert.StartsWith($"'{path}' is not a model this MarginNet can use. ", message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', message);
    }
}
