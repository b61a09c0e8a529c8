namespace MarginNet.Cli.Tests.Commands;

/// <summary>A network so wide that scoring all images takes a while.</summary>
public sealed class WideModel : IDisposable
{
    private readonly Tool _tool = new();

    public WideModel() => Assert.Equal(
        0,
        _tool.TrainAsync("m.pt", "--width", "32", "--limit-train", "50", "--limit-test", "10").GetAwaiter().GetResult().ExitCode);

    public void Dispose() => _tool.Dispose();

    /// <summary>Puts a copy of it in the folder of a test.</summary>
    internal void CopyTo(Tool other) => File.Copy(_tool.File("m.pt"), other.File("m.pt"));
}
