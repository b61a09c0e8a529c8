using MarginNet.ModelFiles;

namespace MarginNet.Cli.Tests.Commands;

public sealed class PrecisionTests
{
    private const string Warning = "warning: the scores are computed in ";

    [Fact]
    public async Task A_model_is_scored_as_it_was_calibrated_and_another_precision_is_warned_of()
    {
        using var tool = new Tool();
        var model = tool.File("m.pt");
        await tool.WriteModelAsync("m.pt");
        Assert.Equal(0, (await Tool.RunAsync("calibrate", "--model", model, "--precision", "bfloat16")).ExitCode);
        using (var calibrated = MarginModel.Load(model))
        {
            Assert.Equal(Precision.BFloat16, calibrated.NullModel!.Precision);
        }

        var same = await Tool.RunAsync("pvalue", "--model", model);
        var other = await Tool.RunAsync("pvalue", "--model", model, "--precision", "float32", "--quiet");
        Assert.DoesNotContain(Warning, same.Error, StringComparison.Ordinal);
        Assert.Contains(
            $"{Warning}float32, but were calibrated in bfloat16, so p-values are a little off: "
                + $"'marginnet calibrate --model {model} --precision float32' calibrates anew.",
            other.Error,
            StringComparison.Ordinal);
        Assert.NotEqual(same.Output, other.Output);
        Assert.Equal(0, (await Tool.RunAsync("calibrate", "--model", model, "--precision", "float32")).ExitCode);
        Assert.DoesNotContain(Warning, (await Tool.RunAsync("pvalue", "--model", model)).Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Training_in_bfloat16_is_remembered_and_calibrated_in_float32()
    {
        using var tool = new Tool();
        Assert.Equal(0, (await tool.TrainAsync("m.pt", "--precision", "bfloat16")).ExitCode);
        using var model = MarginModel.Load(tool.File("m.pt"));
        Assert.Equal("bfloat16", model.Training["precision"]);
        Assert.Equal(Precision.Float32, model.NullModel!.Precision);
    }
}
