using System.Formats.Tar;

namespace MarginNet.Data;

/// <summary>Reads CIFAR-10 straight from <c>cifar-10-binary.tar.gz</c>, as a stream; nothing is unpacked to disk and no entry's name is used as a path.</summary>
internal static class Cifar10Archive
{
    private const long MaxBytes = 1L << 30; // Six times the published data: gzip can expand a thousandfold.

    public static ImageDataset Read(string path)
    {
        using var file = File.OpenRead(path);
        return Read(file, path);
    }

    /// <exception cref="InvalidDataException">The archive is damaged or truncated, or lacks a file of CIFAR-10.</exception>
    public static ImageDataset Read(Stream archive, string name)
    {
        try
        {
            var sets = ReadEntries(archive);
            return Cifar10.Assemble(file => sets.GetValueOrDefault(file) ?? throw new InvalidDataException($"it has no {file}."));
        }
        catch (Exception e) when (e is InvalidDataException or EndOfStreamException or FormatException or OverflowException or ArgumentException
            or NotSupportedException or InvalidOperationException) // what TarReader and GZipStream throw for bytes that are not theirs
        {
            throw new InvalidDataException($"'{name}' is damaged or not the published {Cifar10.ArchiveName}; download it again: {e.Message}", e);
        }
    }

    private static Dictionary<string, ImageSet> ReadEntries(Stream archive)
    {
        using var unzipped = new CheckedGzipStream(archive, MaxBytes);
        using var tar = new TarReader(unzipped, leaveOpen: true);
        var sets = new Dictionary<string, ImageSet>();
        while (tar.GetNextEntry() is { } entry)
        {
            var file = entry.Name[(entry.Name.LastIndexOf('/') + 1)..];
            if (entry.DataStream is { } data && (file == Cifar10.TestFile || Cifar10.TrainFiles.Contains(file))
                && !sets.TryAdd(file, Cifar10Records.Read(data, entry.Length, file)))
            {
                throw new InvalidDataException($"it has {file} twice.");
            }
        }

        unzipped.CopyTo(Stream.Null); // to the end, where the checksum is
        return sets;
    }
}
