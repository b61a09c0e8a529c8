using System.Globalization;

namespace MarginNet.Cli.Tests.Commands;

/// <summary>The whole way on real photographs, where a folder with CIFAR-10's binary files is named by
/// the variable MARGINNET_CIFAR10.</summary>
public sealed class RealImagesTests
{
    [Cifar10Fact]
    public async Task A_small_network_learns_CIFAR_10_well_above_chance_and_every_test_image_gets_its_p_values()
    {
        using var tool = new Tool();
        string[] data = ["--data", "cifar10", "--data-dir", Cifar10FactAttribute.Folder!, "--limit-train", "3000", "--limit-test", "500"];
        var train = await tool.TrainAsync("m.pt", [.. data, "--width", "8", "--epochs", "3", "--lr", "3e-3", "--schedule", "onecycle"]);
        Assert.Equal(0, train.ExitCode);
        var run = await Tool.RunAsync(["pvalue", "--model", tool.File("m.pt"), .. data]);
        var rows = run.OutputLines[1..].Select(line => line.Split(',')).ToArray();
        Assert.Equal(500, rows.Length);
        Assert.True(rows.Count(row => row[1] == row[2]) > 150); // Chance is 50 of 500.
        Assert.All(rows, row => Assert.InRange(double.Parse(row[6], CultureInfo.InvariantCulture), 0, 1));
    }

    private sealed class Cifar10FactAttribute : FactAttribute
    {
        public Cifar10FactAttribute()
        {
            if (!Directory.Exists(Folder))
            {
                Skip = "Set MARGINNET_CIFAR10 to a folder with CIFAR-10's binary files.";
            }
        }

        public static string? Folder { get; } = Environment.GetEnvironmentVariable("MARGINNET_CIFAR10");
    }
}
