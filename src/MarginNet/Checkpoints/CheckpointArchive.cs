using System.IO.Compression;
using System.IO.Hashing;

namespace MarginNet.Checkpoints;

/// <summary>
/// The zip archive of torch.save: ROOT/data.pkl, ROOT/data/KEY, ROOT/byteorder and others, all stored uncompressed.
/// Names of entries are only compared, never used as file paths; every entry's CRC-32 is verified.
/// </summary>
internal sealed class CheckpointArchive : IDisposable
{
    private const string PickleName = "/data.pkl";
    private const long MaxPickleLength = 1 << 26;

    private readonly ZipArchive _zip;
    private readonly Dictionary<string, ZipArchiveEntry> _unread = [];
    private readonly Dictionary<string, ReadOnlyMemory<byte>> _storages = [];
    private readonly string _root;

    public CheckpointArchive(Stream stream)
    {
        Length = stream.Length;
        FileKind.RequireZip(stream);
        _zip = Open(stream);
        RefuseTorchScript();
        foreach (var entry in Entries())
        {
            if (!_unread.TryAdd(entry.FullName, entry))
            {
                throw new InvalidDataException($"It has two entries {FileText.Quote(entry.FullName)}.");
            }
        }

        _root = FindRoot();
    }

    /// <summary>Bytes of the whole file.</summary>
    public long Length { get; }

    public ReadOnlyMemory<byte> ReadPickle()
    {
        RequireLittleEndian();
        var entry = _unread[_root + PickleName];
        if (entry.Length > MaxPickleLength)
        {
            throw new InvalidDataException($"Its pickle has {entry.Length} bytes; expected at most {MaxPickleLength}.");
        }

        return Read(entry.FullName);
    }

    /// <summary>The bytes of a storage; those of one key are read once.</summary>
    public ReadOnlyMemory<byte> ReadStorage(string key, long length)
    {
        if (!_storages.TryGetValue(key, out var storage))
        {
            var name = $"{_root}/data/{key}";
            var actual = _unread.TryGetValue(name, out var entry) ? entry.Length : -1;
            if (actual < 0)
            {
                throw new InvalidDataException($"Its storage {FileText.Quote(name)} is missing.");
            }

            RequireLength(key, length, actual);
            storage = _storages[key] = Read(name);
        }

        RequireLength(key, length, storage.Length);
        return storage;
    }

    /// <summary>Verifies the entries that nothing has read.</summary>
    public void VerifyRest()
    {
        foreach (var name in _unread.Keys.ToArray())
        {
            _ = Read(name);
        }
    }

    public void Dispose() => _zip.Dispose();

    private static ZipArchive Open(Stream stream)
    {
        try
        {
            var zip = new ZipArchive(stream, ZipArchiveMode.Read, leaveOpen: true);
            _ = zip.Entries; // Reads the directory.
            return zip;
        }
        catch (InvalidDataException e)
        {
            throw new InvalidDataException(
                "It is cut off or damaged: the directory at its end is missing or wrong; copy or download the file again.", e);
        }
    }

    private static void RequireLength(string key, long expected, long actual)
    {
        if (actual != expected)
        {
            throw new InvalidDataException($"Its storage {FileText.Quote(key)} has {actual} bytes; expected {expected}.");
        }
    }

    /// <summary>The entries, whose bytes together are no longer than the file: a zip bomb compresses them or lets them overlap.</summary>
    private IEnumerable<ZipArchiveEntry> Entries()
    {
        long total = 0;
        foreach (var entry in _zip.Entries)
        {
            if (entry.Length != entry.CompressedLength)
            {
                throw new InvalidDataException($"Its entry {FileText.Quote(entry.FullName)} is compressed, which torch.save never does; "
                    + "unpack it and pack it without compression.");
            }

            total += entry.Length;
            if (entry.Length < 0 || total > Length)
            {
                throw new InvalidDataException($"Its entries claim more than the {Length} bytes of the file.");
            }

            yield return entry;
        }
    }

    private string FindRoot()
    {
        var pickles = _unread.Keys.Where(name => name.EndsWith(PickleName, StringComparison.Ordinal)).ToArray();
        if (pickles is not [var pickle])
        {
            throw new InvalidDataException(
                $"It is a zip archive with {pickles.Length} entries 'data.pkl', not a file of torch.save, which has one.");
        }

        return pickle[..^PickleName.Length];
    }

    private void RefuseTorchScript()
    {
        if (_zip.Entries.Any(entry => entry.FullName.EndsWith("/constants.pkl", StringComparison.Ordinal)))
        {
            throw new InvalidDataException(
                "It is a TorchScript archive, which holds a program; expected a state dict: torch.save(model.state_dict(), path).");
        }
    }

    private void RequireLittleEndian()
    {
        var name = _root + "/byteorder";
        if (_unread.ContainsKey(name) && !Read(name).Span.SequenceEqual("little"u8))
        {
            throw new InvalidDataException("Its byte order is not 'little'; save it again on a little-endian machine.");
        }
    }

    private ReadOnlyMemory<byte> Read(string name)
    {
        if (!_unread.Remove(name, out var entry))
        {
            throw new InvalidDataException($"Its entry {FileText.Quote(name)} is needed twice.");
        }

        if (entry.Length > Array.MaxLength)
        {
            throw new InvalidDataException(
                $"Its entry {FileText.Quote(name)} has {entry.Length} bytes; expected at most {Array.MaxLength}.");
        }

        var bytes = GC.AllocateUninitializedArray<byte>((int)entry.Length);
        using var content = entry.Open();
        if (content.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false) != bytes.Length || Crc32.HashToUInt32(bytes) != entry.Crc32)
        {
            throw new InvalidDataException(
                $"Its entry {FileText.Quote(name)} is corrupt (CRC-32 mismatch); copy or download the file again.");
        }

        return bytes;
    }
}
