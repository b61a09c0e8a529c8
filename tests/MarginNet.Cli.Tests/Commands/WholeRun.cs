namespace MarginNet.Cli.Tests.Commands;

/// <summary>A training run that nothing interrupted.</summary>
public sealed class WholeRun : IDisposable
{
    private static readonly string[] Names = ["m.history.jsonl", "m.pt", "m.violations.csv"];

    private readonly Tool _tool = new();

    public WholeRun() => Assert.Equal(0, Tool.RunAsync([.. Arguments, "--out", _tool.File("m.pt")]).GetAwaiter().GetResult().ExitCode);

    public static IReadOnlyList<string> Arguments { get; } =
    [
        "train", "--data", "synthetic", "--limit-train", "100", "--limit-test", "20", "--width", "4", "--epochs", "3", "--rounds", "2",
        "--warmup-epochs", "1",
        "--loss", "dual-hinge", "--mu", "2", "--lr", "1e-2", "--augment",
    ];

    public void Dispose() => _tool.Dispose();

    internal string Model => _tool.File("m.pt");

    internal void AssertSameFiles(Tool other)
    {
        Assert.Equal(Names, other.Files.Except(["m.config.json"])); // Its --out is another one.
        Assert.All(Names, name => Assert.Equal(File.ReadAllBytes(_tool.File(name)), File.ReadAllBytes(other.File(name))));
    }
}
