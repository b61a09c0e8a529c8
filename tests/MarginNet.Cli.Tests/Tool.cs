namespace MarginNet.Cli.Tests;

/// <summary>What the tool printed and returned.</summary>
internal sealed record ToolRun(int ExitCode, string Output, string Error)
{
    private const string Kernels = "marginnet: warning: LibTorch computes convolutions wrongly"; // On processors where it does.

    public string[] OutputLines => Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);

    /// <summary>The lines of errors, save what is of the processor.</summary>
    public string[] ErrorLines =>
        [.. Error.TrimEnd('\n').Split('\n').Where(line => !line.StartsWith(Kernels, StringComparison.Ordinal))];
}

/// <summary>Runs the tool in this process, in a folder of its own that is removed afterwards.</summary>
internal sealed class Tool : IDisposable
{
    private static readonly Lazy<Task<byte[]>> Model = new(TrainModelAsync);

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("marginnet-test-");

    public string File(string name) => Path.Combine(_folder.FullName, name);

    public string[] Files =>
        [.. _folder.EnumerateFiles("*", SearchOption.AllDirectories).Select(file => file.Name).Order(StringComparer.Ordinal)];

    public static async Task<ToolRun> RunAsync(params string[] args)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        var exitCode = await CommandLine.RunAsync(args, output, error);
        return new(exitCode, output.ToString(), error.ToString());
    }

    /// <summary>Trains a small network on few drawn shapes; an option given in <paramref name="more"/> replaces the default.</summary>
    public Task<ToolRun> TrainAsync(string model, params string[] more)
    {
        Dictionary<string, string> defaults = new()
        {
            ["--data"] = "synthetic",
            ["--limit-train"] = "300",
            ["--limit-test"] = "100",
            ["--width"] = "4",
            ["--epochs"] = "1",
            ["--lr"] = "1e-2",
            ["--loss"] = "shifted-softmax",
            ["--mu"] = "2",
        };
        var rest = defaults.Where(option => !more.Contains(option.Key)).SelectMany(option => new[] { option.Key, option.Value });
        return RunAsync(["train", "--out", File(model), .. rest, .. more]);
    }

    /// <summary>Writes the file of the network that <see cref="TrainAsync(string, string[])"/> trains by default, which is trained once
    /// for all tests.</summary>
    public async Task WriteModelAsync(string model) => await System.IO.File.WriteAllBytesAsync(File(model), await Model.Value);

    private static async Task<byte[]> TrainModelAsync()
    {
        using var tool = new Tool();
        Assert.Equal(0, (await tool.TrainAsync("m.pt")).ExitCode);
        return await System.IO.File.ReadAllBytesAsync(tool.File("m.pt"));
    }

    public void Dispose() => _folder.Delete(recursive: true);
}
