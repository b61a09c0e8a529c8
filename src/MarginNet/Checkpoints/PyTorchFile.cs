namespace MarginNet.Checkpoints;

/// <summary>
/// Reads and writes PyTorch checkpoints: the zip archives of <c>torch.save</c>, PyTorch 1.6 or later, that hold tensors and
/// plain values. Reading runs nothing that the file says, in bounded memory, and does not load LibTorch.
/// </summary>
/// <remarks>
/// <list type="table">
/// <item><term>Python</term><description>.NET</description></item>
/// <item><term>None, bool, int, float, str</term><description>null, bool, long (64 bits), double, string</description></item>
/// <item><term>list, tuple, torch.Size</term><description>List&lt;object?&gt;</description></item>
/// <item><term>dict, OrderedDict</term><description>Dictionary&lt;string, object?&gt; in the file's order; an integer key, as in an
/// optimizer's state, becomes its decimal text (a dictionary with both 1 and "1" is refused)</description></item>
/// <item><term>Tensor, Parameter</term><description><see cref="StoredTensor"/> of the tensor's own elements;
/// tied weights share their memory</description></item>
/// <item><term>dtype, device</term><description>string: "torch.float32", "cuda:0"</description></item>
/// </list>
/// </remarks>
public static class PyTorchFile
{
    /// <summary>Reads a checkpoint.</summary>
    /// <param name="path">File to read.</param>
    /// <returns>Null, bool, long, double, string, List&lt;object?&gt;, Dictionary&lt;string, object?&gt;
    /// or <see cref="StoredTensor"/>.</returns>
    /// <exception cref="FileNotFoundException">The file does not exist.</exception>
    /// <exception cref="InvalidDataException">
    /// The file is no checkpoint, corrupt, or holds more than tensors and plain values; the message names the path and the reason.
    /// </exception>
    public static object? Read(string path) => Read(path, leavesClosed: false);

    /// <summary>Reads a checkpoint that may hold other objects as well, which become a <see cref="ClosedObject"/>.</summary>
    internal static object? ReadWithOthers(string path) => Read(path, leavesClosed: true);

    private static object? Read(string path, bool leavesClosed)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        if (!File.Exists(path) && !Directory.Exists(path))
        {
            throw new FileNotFoundException($"'{path}' does not exist; expected a PyTorch checkpoint.", path);
        }

        using var file = File.OpenRead(path);
        return Read(file, path, leavesClosed);
    }

    /// <summary>Reads a checkpoint from a stream that can seek, from its beginning to its end.</summary>
    /// <param name="stream">Stream to read; stays open.</param>
    /// <returns>As <see cref="Read(string)"/>.</returns>
    /// <exception cref="InvalidDataException">As <see cref="Read(string)"/>.</exception>
    public static object? Read(Stream stream)
    {
        if (!stream.CanSeek)
        {
            throw new ArgumentException("Expected a stream that can seek; copy it to memory or to a file first.", nameof(stream));
        }

        return Read(stream, (stream as FileStream)?.Name ?? "stream", leavesClosed: false);
    }

    /// <summary>Writes a checkpoint that <c>torch.load(path, weights_only=True)</c> opens; see <see cref="AtomicFile"/>.</summary>
    /// <param name="path">File to create or replace.</param>
    /// <param name="graph">
    /// Null, bool, int, long, float, double, string, <see cref="StoredTensor"/>, double[] (a float64 tensor), or a list or a
    /// dictionary with text keys of such values, at most 100 deep. A dictionary of tensors only is written as an OrderedDict.
    /// </param>
    /// <param name="options">How to write; null for the defaults.</param>
    /// <exception cref="ArgumentException">A value is of another type, or the content exceeds 4 GB.</exception>
    /// <exception cref="IOException">As <see cref="AtomicFile.Write"/>.</exception>
    public static void Write(string path, object? graph, PyTorchWriteOptions? options = null)
    {
        var content = Pickler.Dump(graph, options ?? new());
        AtomicFile.Write(path, stream => Write(stream, content));
    }

    /// <summary>Writes a checkpoint to a stream; the same graph gives the same bytes.</summary>
    /// <param name="stream">Stream to write, from where it is; stays open.</param>
    /// <param name="graph">As <see cref="Write(string, object?, PyTorchWriteOptions?)"/>.</param>
    /// <param name="options">How to write; null for the defaults.</param>
    /// <exception cref="ArgumentException">A value is of another type, or the content exceeds 4 GB.</exception>
    public static void Write(Stream stream, object? graph, PyTorchWriteOptions? options = null) =>
        Write(stream, Pickler.Dump(graph, options ?? new()));

    private static void Write(Stream stream, Pickler content)
    {
        var zip = new StoredZipWriter(stream);
        zip.Add("archive/data.pkl", content.Pickle);
        zip.Add("archive/byteorder", "little"u8.ToArray());
        for (var key = 0; key < content.Storages.Count; key++)
        {
            zip.Add(FormattableString.Invariant($"archive/data/{key}"), content.Storages[key]);
        }

        zip.Add("archive/version", "3\n"u8.ToArray());
        zip.Finish();
    }

    private static object? Read(Stream stream, string name, bool leavesClosed)
    {
        try
        {
            using var archive = new CheckpointArchive(stream);
            var graph = Unpickler.Load(archive.ReadPickle(), new TorchObjects(archive, leavesClosed));
            PlainGraph.Check(graph, leavesClosed);
            archive.VerifyRest();
            return graph;
        }
        catch (InvalidDataException e)
        {
            throw new InvalidDataException($"'{name}' cannot be read as a PyTorch checkpoint. {e.Message.ReplaceLineEndings(" ")}", e);
        }
    }
}
