using System.Security.Cryptography;
using MarginNet.Foreign;
using MarginNet.Margins;
using MarginNet.ModelFiles;
using MarginNet.PValues;
using MarginNet.Serving;
using MarginNet.Tests.Foreign;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace MarginNet.Tests.Serving;

public sealed class OnnxModelTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    /// <summary>ONNX Runtime and LibTorch round otherwise, and ONNX Runtime otherwise in other batches.</summary>
    [Theory]
    [InlineData("dynamic.onnx", null)]
    [InlineData("fixed.onnx", null)]
    [InlineData("channels_last.onnx", null)]
    [InlineData("pair.onnx", "logits")]
    public async Task A_model_says_in_any_batch_what_the_library_says(string file, string? output)
    {
        var size = file == "dynamic.onnx" ? (16, 16) : ((int, int)?)null;
        using var model = Calibrate(file, ForeignFiles.Trained with { ImageSize = size, Output = output });
        var random = new Random(5);
        float[][] images = [.. Enumerable.Range(0, 30).Select(_ => Draw(random, model.Channels * 256))];
        foreach (var maxBatchSize in new[] { 1, 7 })
        {
            await using var services = Services(options => options.MaxBatchSize = maxBatchSize);
            var verdicts = await services.GetRequiredService<IMarginGuard>()
                .JudgeAsync([.. images.Select(image => (ReadOnlyMemory<float>)image)]);
            for (var i = 0; i < images.Length; i++)
            {
                var (decided, margin) = DecisionMargin.Compute(model.Score(images[i]));
                Assert.Equal(model.ClassNames[decided], verdicts[i].Class);
                Assert.Equal(margin, verdicts[i].Margin, 1e-4);
                Assert.Equal(model.NullModel!.Score(margin, decided).Lower, verdicts[i].PValue, 1e-3);
            }
        }
    }

    [Fact]
    public async Task A_version_is_the_digests_of_both_files()
    {
        Calibrate("dynamic.onnx", ForeignFiles.Trained).Dispose();
        await using var services = Services();
        Assert.Equal(
            string.Join('.', new[] { "m.onnx", "m.onnx.margins.json" }
                .Select(name => Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(_folder[name])))[..12])),
            services.GetRequiredService<IMarginGuard>().Model.Version);
    }

    [Fact]
    public async Task What_cannot_judge_is_said_in_one_line()
    {
        Refused<FileNotFoundException>("m.onnx' does not exist: MarginNet:Model names the model file.");
        File.Copy(ProgramFiles.PathOf("pair.onnx"), _folder["m.onnx"]);
        Refused<FileNotFoundException>("m.onnx' is not calibrated: run 'marginnet calibrate --model ");
        Calibrate("pair.onnx", ForeignFiles.Trained with { Output = "logits" }).Dispose();
        Refused<InvalidDataException>("It has no output 'x': expected one of", options => options.Output = "x");
        Refused<InvalidDataException>(
            "MarginNet:ClassNames has 1 names, but the model is calibrated for 5 classes.", options => options.ClassNames.Add("cat"));

        await File.AppendAllTextAsync(_folder["m.onnx"], "!");
        Refused<InvalidDataException>("It is of a model file with other bytes.");
    }

    [Fact]
    public void Probabilities_are_refused()
    {
        var loader = new SoftmaxLoader();
        var refusal = Assert.Throws<InvalidDataException>(() => ModelCheck.Load(loader, new() { Model = "soft.onnx" }));
        Assert.Equal(
            "'soft.onnx' cannot judge. Its scores are probabilities, whose differences are no margins: export it without the softmax.",
            refusal.Message);
    }

    /// <summary>The model and its calibration are replaced one after the other; in between the old ones stay.</summary>
    [Fact]
    public async Task Changed_files_are_loaded_while_it_runs_and_damaged_ones_are_not()
    {
        Calibrate("dynamic.onnx", ForeignFiles.Trained).Dispose();
        await using var services = Services(options => options.ReloadInterval = TimeSpan.FromMilliseconds(20));
        var watch = services.GetServices<IHostedService>().Single();
        await watch.StartAsync(default);
        var (guard, inner) = (services.GetRequiredService<IMarginGuard>(), services.GetRequiredService<MarginGuard>());
        var first = guard.Model.Version;

        await File.WriteAllTextAsync(_folder["m.onnx"], "no model");
        await ReloadTests.WaitUntil(() => inner.Refusal is not null);
        Assert.Contains("of a model file with other bytes", inner.Refusal, StringComparison.Ordinal);
        Assert.Equal(first, guard.Model.Version);
        await guard.JudgeAsync(new float[3 * 256]);

        Calibrate("fixed.onnx", ForeignFiles.Trained with { ImageSize = null }).Dispose();
        await ReloadTests.WaitUntil(() => guard.Model.Version != first);
        Assert.Null(inner.Refusal);
        await guard.JudgeAsync(new float[3 * 256]);
        await watch.StopAsync(default);
    }

    private static float[] Draw(Random random, int length) => [.. Enumerable.Range(0, length).Select(_ => random.NextSingle())];

    /// <summary>Copies a fixture to m.onnx, calibrates it on drawn images, and keeps that beside it.</summary>
    private MarginModel Calibrate(string file, LoadOptions options)
    {
        File.Copy(ProgramFiles.PathOf(file), _folder["m.onnx"], overwrite: true);
        var model = MarginModel.Load(_folder["m.onnx"], options);
        var random = new Random(9);
        var scores = Enumerable.Range(0, 60)
            .SelectMany(_ => model.Score(Draw(random, model.Channels * model.ImageSize.Height * model.ImageSize.Width)))
            .ToArray();
        var (decided, margins) = new ScoreMatrix(scores, model.ClassNames.Length).Decisions();
        model.NullModel = MarginNullModel.Fit(margins, decided, decided, model.ClassNames.Length);
        model.SaveCalibration(_folder["m.onnx"]);
        return model;
    }

    private ServiceProvider Services(Action<MarginNetOptions>? configure = null) => new ServiceCollection()
        .AddMarginNet(options =>
        {
            options.Model = _folder["m.onnx"];
            configure?.Invoke(options);
        })
        .BuildServiceProvider();

    private void Refused<T>(string expected, Action<MarginNetOptions>? configure = null)
        where T : Exception
    {
        using var services = Services(configure);
        var message = Assert.Throws<T>(services.GetRequiredService<IMarginGuard>).Message;
        Assert.Contains(expected, message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', message);
    }

    private sealed class SoftmaxLoader : IModelLoader, IServedModel
    {
        public ModelCard Card { get; } = new("1", ["a", "b", "c"], 1, 2, 2);

        public MarginNullModel NullModel => FakeLoader.NullModel;

        public IServedModel Load(MarginNetOptions options) => this;

        public float[] Score(Memory<float> images, int count) =>
            [.. Enumerable.Range(0, count).SelectMany(_ => new[] { 0.5f, 0.25f, 0.25f })];

        public void Dispose()
        {
        }
    }
}
