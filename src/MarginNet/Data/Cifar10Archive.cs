using System.Text;

namespace MarginNet.Data;

/// <summary>Reads CIFAR-10 straight from <c>cifar-10-binary.tar.gz</c>, as a stream;
/// nothing is unpacked to disk and no entry's name is used as a path.</summary>
/// <remarks>
/// Walks the tar headers itself: <c>System.Formats.Tar</c> sets aside as much memory as an extended header claims to need, up to
/// gigabytes for a damaged file of a few kilobytes. Extended headers are passed over; the names looked for need none.
/// </remarks>
internal static class Cifar10Archive
{
    private const long MaxBytes = 1L << 30; // Six times the published data: gzip can expand a thousandfold.
    private const int TarBlock = 512;

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
            using var unzipped = new CheckedGzipStream(archive, MaxBytes);
            var sets = ReadEntries(unzipped);
            unzipped.CopyTo(Stream.Null); // to the end, where the checksum is
            return Cifar10.Assemble(file => sets.GetValueOrDefault(file) ?? throw new InvalidDataException($"it has no {file}."));
        }
        catch (InvalidDataException e)
        {
            throw new InvalidDataException(
                $"'{name}' is damaged or not the published {Cifar10.ArchiveName}; download it again: {e.Message}", e);
        }
    }

    private static Dictionary<string, ImageSet> ReadEntries(CheckedGzipStream tar)
    {
        var sets = new Dictionary<string, ImageSet>();
        var header = new byte[TarBlock];
        while (tar.ReadAtLeast(header, TarBlock, throwOnEndOfStream: false) == TarBlock && header[0] != 0) // the end is a block of zeros
        {
            CheckHeader(header);
            var (file, length) = (NameIn(header), Octal(header.AsSpan(124, 12)));
            var left = length;
            if (header[156] is (byte)'0' or 0 && (file == Cifar10.TestFile || Cifar10.TrainFiles.Contains(file)))
            {
                if (!sets.TryAdd(file, Cifar10Records.Read(tar, length, file)))
                {
                    throw new InvalidDataException($"it has {file} twice.");
                }

                left = 0;
            }

            Skip(tar, left + ((TarBlock - (length % TarBlock)) % TarBlock));
        }

        return sets;
    }

    /// <summary>The name without its folders, from the first field of a header (POSIX ustar).</summary>
    private static string NameIn(byte[] header)
    {
        var name = header.AsSpan(0, 100);
        name = name[..(name.IndexOf((byte)0) is >= 0 and var end ? end : name.Length)];
        return Encoding.ASCII.GetString(name[(name.LastIndexOf((byte)'/') + 1)..]);
    }

    /// <summary>The header's checksum is the sum of its bytes, its own field counted as eight spaces.</summary>
    private static void CheckHeader(byte[] header)
    {
        var field = header.AsSpan(148, 8);
        var stated = Octal(field);
        field.Fill((byte)' ');
        if (header.Sum(b => b) != stated)
        {
            throw new InvalidDataException("it has a damaged tar header.");
        }
    }

    private static long Octal(ReadOnlySpan<byte> field)
    {
        var value = 0L;
        foreach (var digit in field.Trim(" \0"u8))
        {
            value = digit is >= (byte)'0' and <= (byte)'7'
                ? (value * 8) + digit - '0'
                : throw new InvalidDataException("a number in a tar header is not octal.");
        }

        return value;
    }

    private static void Skip(CheckedGzipStream stream, long count)
    {
        var buffer = new byte[TarBlock];
        while (count > 0 && stream.Read(buffer.AsSpan(0, (int)Math.Min(count, buffer.Length))) is > 0 and var read)
        {
            count -= read;
        }
    }
}
