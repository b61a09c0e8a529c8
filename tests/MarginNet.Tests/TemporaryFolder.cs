namespace MarginNet.Tests;

/// <summary>A folder that goes when the test ends.</summary>
internal sealed class TemporaryFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("marginnet-test-").FullName;

    public string this[params string[] names] => System.IO.Path.Combine([Path, .. names]);

    public void Write(byte[] content, params string[] names)
    {
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(this[names])!);
        File.WriteAllBytes(this[names], content);
    }

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
