using MarginNet.Checkpoints;
using MarginNet.Foreign;
using MarginNet.ModelFiles;
using MarginNet.PValues;
using MarginNet.Tests.Foreign;

namespace MarginNet.Tests.ModelFiles;

public sealed class CalibrationFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly string _model;

    public CalibrationFileTests()
    {
        _model = _folder["k.pt"];
        File.Copy(ForeignFiles.Committed["kuangliu.pt"], _model);
        using var model = MarginModel.Load(_model, ForeignFiles.Trained);
        var random = new Random(3);
        var margins = Enumerable.Range(0, 700).Select(_ => random.NextDouble() + 0.1).ToArray();
        int[] labels = [.. Enumerable.Range(0, 700).Select(i => i % 7)];
        model.NullModel = MarginNullModel.Fit(margins, labels, labels, 7);
        Assert.Equal(CalibrationFile.PathFor(_model), model.SaveCalibration(_model));
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void The_calibration_of_a_foreign_file_is_found_beside_it_and_the_file_is_unchanged()
    {
        Assert.Equal(File.ReadAllBytes(ForeignFiles.Committed["kuangliu.pt"]), File.ReadAllBytes(_model));
        using var model = MarginModel.Load(_model, ForeignFiles.Trained);
        Assert.Equal(7, model.NullModel!.Classes.Length);
        Assert.Equal(
            model.NullModel.Score(0.3, 2),
            Read(ForeignFiles.Trained with { ClassNames = ["a", "b", "c", "d", "e", "f", "g"] })!.Score(0.3, 2));
    }

    [Fact]
    public void A_calibration_of_other_weights_or_of_images_made_otherwise_is_not_used()
    {
        Assert.Null(Read(new() { ImageSize = (16, 16) }));
        Assert.Null(Read(ForeignFiles.Trained with { ImageSize = (32, 32) }));
        File.Copy(ForeignFiles.Committed["cifar_stem.pt"], _model, overwrite: true);
        Assert.Null(Read(ForeignFiles.Trained));
    }

    [Fact]
    public void A_calibration_is_of_the_weights_and_of_the_output_that_were_chosen()
    {
        var state = PyTorchFile.Read(ForeignFiles.Committed["kuangliu.pt"]);
        PyTorchFile.Write(_model, new Dictionary<string, object?>
        {
            ["state_dict"] = ((Dictionary<string, object?>)state!)["net"],
            ["ema"] = ((Dictionary<string, object?>)state)["net"],
        });
        Calibrate(ForeignFiles.Trained);
        Assert.NotNull(Read(ForeignFiles.Trained));
        Assert.Null(Read(ForeignFiles.Trained with { Weights = "ema" }));
        Calibrate(ForeignFiles.Trained with { Weights = "ema" });
        Assert.NotNull(Read(ForeignFiles.Trained with { Weights = "ema.module" })); // By its whole name.
        Assert.Null(Read(ForeignFiles.Trained));

        File.Copy(ProgramFiles.PathOf("pair.onnx"), _model, overwrite: true);
        Calibrate(new() { Output = "logits" });
        Assert.NotNull(Read(new() { Output = "logits" }));
        Assert.Null(Read(new() { Output = "features" }));
    }

    [Fact]
    public void A_calibration_is_of_the_weights_beside_an_ONNX_model_too()
    {
        var weights = _folder["beside.onnx.data"];
        File.Copy(ProgramFiles.PathOf("beside.onnx"), _model, overwrite: true);
        File.Copy(ProgramFiles.PathOf("beside.onnx.data"), weights);
        Calibrate(new());
        Assert.NotNull(Read(new()));
        var changed = File.ReadAllBytes(weights);
        changed[20] ^= 1;
        File.WriteAllBytes(weights, changed);
        Assert.Null(Read(new()));
    }

    [Fact]
    public void A_program_that_scores_by_itself_reads_the_calibration_of_the_same_bytes()
    {
        using (var model = MarginModel.Load(_model, ForeignFiles.Trained))
            Assert.Equal(model.NullModel!.Score(0.3, 2), CalibrationFile.Read(_model).Score(0.3, 2));

        File.AppendAllText(_model, "!");
        var message = Assert.Throws<InvalidDataException>(() => CalibrationFile.Read(_model)).Message;
        Assert.Contains("of a model file with other bytes", message, StringComparison.Ordinal);
        Assert.Throws<FileNotFoundException>(() => CalibrationFile.Read(_folder["absent.onnx"]));
    }

    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("{\"format\":\"\\ud800\"}")]
    [InlineData("{\"format\":\"marginnet-margins\"}")]
    public void A_damaged_calibration_is_named(string content)
    {
        File.WriteAllText(CalibrationFile.PathFor(_model), content);
        var message = Assert.Throws<InvalidDataException>(() => Read(ForeignFiles.Trained)).Message;
        Assert.StartsWith(
            $"'{CalibrationFile.PathFor(_model)}' is no calibration of '{_model}': delete it", message, StringComparison.Ordinal);
    }

    private void Calibrate(LoadOptions options)
    {
        using var model = MarginModel.Load(_model, options);
        int[] labels = [.. Enumerable.Range(0, 20 * model.ClassNames.Length).Select(i => i % model.ClassNames.Length)];
        double[] margins = [.. labels.Select((_, i) => 0.01 * (i + 1))];
        model.NullModel = MarginNullModel.Fit(margins, labels, labels, model.ClassNames.Length);
        model.SaveCalibration(_model);
    }

    private MarginNullModel? Read(LoadOptions options)
    {
        using var model = MarginModel.Load(_model, options);
        return model.NullModel;
    }
}
