namespace MarginNet.Tests.Checkpoints;

/// <summary>Files that Fixtures/make_fixtures.py wrote with PyTorch.</summary>
internal static class Fixture
{
    public static string PathOf(string name) => Path.Combine(AppContext.BaseDirectory, "Checkpoints", "Fixtures", name);

    public static byte[] Bytes(string name) => File.ReadAllBytes(PathOf(name));

    /// <summary>What PyTorch itself reads in the file, as text.</summary>
    public static string Expected(string name) => File.ReadAllText(PathOf(Path.ChangeExtension(name, ".txt")));
}
