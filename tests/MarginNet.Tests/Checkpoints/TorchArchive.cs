using System.IO.Compression;

namespace MarginNet.Tests.Checkpoints;

/// <summary>An archive of torch.save put together from its entries.</summary>
internal sealed class TorchArchive
{
    private readonly List<(string Name, byte[] Content, CompressionLevel Level)> _entries = [];

    public TorchArchive(params byte[] pickle) => Add("data.pkl", [.. Pickle.Start, .. pickle, .. Pickle.Stop]);

    public TorchArchive Add(string name, byte[] content, CompressionLevel level = CompressionLevel.NoCompression, string root = "archive/")
    {
        _entries.Add((root + name, content, level));
        return this;
    }

    public byte[] ToBytes()
    {
        using var stream = new MemoryStream();
        using (var zip = new ZipArchive(stream, ZipArchiveMode.Create, leaveOpen: true))
        {
            foreach (var (name, content, level) in _entries)
            {
                using var entry = zip.CreateEntry(name, level).Open();
                entry.Write(content);
            }
        }

        return stream.ToArray();
    }

    public MemoryStream ToStream() => new(ToBytes());
}
