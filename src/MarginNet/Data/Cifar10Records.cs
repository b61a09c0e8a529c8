namespace MarginNet.Data;

/// <summary>Reads a file of CIFAR-10 records.</summary>
internal static class Cifar10Records
{
    public const int Side = 32;
    public const int PixelBytes = 3 * Side * Side;
    public const int RecordBytes = 1 + PixelBytes;

    private const int BlockRecords = 256; // Memory grows with the data that arrives, not with the length a header claims.

    /// <summary>Reads all of <paramref name="stream"/>, which says it has <paramref name="length"/> bytes;
    /// the images are views of the blocks read.</summary>
    /// <exception cref="InvalidDataException">The length is 0 or no multiple of a record, the data ends early,
    /// or a label is above 9.</exception>
    public static ImageSet Read(Stream stream, long length, string name)
    {
        if (length == 0)
        {
            throw new InvalidDataException(
                $"'{name}' is empty: expected CIFAR-10 records of {RecordBytes} bytes; copy or download the file again.");
        }

        if (length % RecordBytes != 0)
        {
            var cause = length % (RecordBytes + 1) == 0 ? "this looks like CIFAR-100" : "the file is truncated or of another kind";
            throw new InvalidDataException(
                $"'{name}' has {length} bytes, not a multiple of the {RecordBytes}-byte CIFAR-10 record: {cause}; "
                + "copy or download it again.");
        }

        var (images, labels) = (new List<ReadOnlyMemory<byte>>(), new List<int>());
        for (var left = length / RecordBytes; left > 0; left -= Math.Min(left, BlockRecords))
        {
            var block = new byte[Math.Min(left, BlockRecords) * RecordBytes];
            if (stream.ReadAtLeast(block, block.Length, throwOnEndOfStream: false) < block.Length)
            {
                throw new InvalidDataException(
                    $"'{name}' ends before its stated {length} bytes: it is truncated; copy or download it again.");
            }

            for (var start = 0; start < block.Length; start += RecordBytes)
            {
                labels.Add(ReadLabel(block[start], labels.Count, name));
                images.Add(block.AsMemory(start + 1, PixelBytes));
            }
        }

        return new ImageSet([.. images], [.. labels], 3, Side, Side);
    }

    private static int ReadLabel(byte label, int record, string name) => label < Cifar10.ClassNames.Length
        ? label
        : throw new InvalidDataException(
            $"'{name}', record {record} (byte {(long)record * RecordBytes}): label {label}, expected 0 to 9; "
            + "the file is damaged or not CIFAR-10: copy or download it again.");
}
