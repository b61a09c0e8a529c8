using MarginNet.ModelFiles;

namespace MarginNet.Cli.Tests.Commands;

public sealed class AveragingTests
{
    [Fact]
    public async Task Scores_are_averaged_as_they_were_calibrated_and_otherwise_there_is_a_warning()
    {
        using var tool = new Tool();
        var model = tool.File("m.pt");
        await tool.WriteModelAsync("m.pt");
        Assert.Equal(0, (await Tool.RunAsync("calibrate", "--model", model, "--tta", "flip-shift")).ExitCode);
        using (var calibrated = MarginModel.Load(model))
        {
            Assert.Equal(TestTimeAveraging.FlipShift, calibrated.NullModel!.Averaging);
        }

        var same = await Tool.RunAsync("pvalue", "--model", model);
        var given = await Tool.RunAsync("pvalue", "--model", model, "--tta", "flip-shift");
        var other = await Tool.RunAsync("pvalue", "--model", model, "--tta", "none", "--quiet");
        const string Warning = "warning: the scores are averaged by --tta ";
        Assert.DoesNotContain(Warning, same.Error, StringComparison.Ordinal);
        Assert.Equal(same.Output, given.Output);
        Assert.NotEqual(same.Output, other.Output);
        Assert.Contains(
            $"{Warning}none, but were calibrated by --tta flip-shift, so p-values are off: 'marginnet calibrate --model {model} --tta none' "
                + "calibrates anew.",
            other.Error,
            StringComparison.Ordinal);

        var radii = await Tool.RunAsync("calibrate", "--model", model, "--statistic", "radius", "--tta", "flip");
        Assert.Equal(2, radii.ExitCode);
        Assert.Contains("Radii are proven for scores of the image alone", Assert.Single(radii.ErrorLines), StringComparison.Ordinal);
    }
}
