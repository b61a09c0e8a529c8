using MarginNet.Checkpoints;

namespace MarginNet.Cli.Output;

/// <summary>A CSV file with a row for each property of a set, on disk as soon as it is decided, so that a run that is stopped loses
/// nothing.</summary>
internal sealed class VerificationRows : IDisposable
{
    private readonly StreamWriter _writer;

    public VerificationRows(string path)
    {
        AtomicFile.ThrowIfNotWritable(path);
        _writer = new(path) { AutoFlush = true, NewLine = "\n" };
        _writer.WriteLine("network,property,answer,seconds,reason");
    }

    public void Add(VerificationResult result) => _writer.WriteLine(result.Row);

    public void Dispose() => _writer.Dispose();
}
