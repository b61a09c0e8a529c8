using System.Buffers.Binary;
using System.IO.Compression;
using System.IO.Hashing;
using MarginNet.Data;
using StbImageWriteSharp;

namespace MarginNet.Tests.Data;

/// <summary>Whatever the bytes, a reader returns a result or throws the one exception it documents.</summary>
public sealed class ReaderFuzzTests
{
    [Fact]
    public void CIFAR_records_of_mutated_bytes_load_or_are_refused() => Fuzz(3000, [Cifar10Files.Batch(1)], bytes =>
    {
        using var stream = new MemoryStream(bytes);
        Cifar10Records.Read(stream, stream.Length, "fuzz.bin");
    });

    [Fact]
    public void Archives_of_mutated_gzip_bytes_load_or_are_refused() => Fuzz(1000, [Cifar10Files.Archive()], ReadArchive);

    [Fact]
    public void Archives_of_mutated_tar_bytes_load_or_are_refused()
    {
        using var tar = new MemoryStream();
        using (var gzip = new GZipStream(new MemoryStream(Cifar10Files.Archive()), CompressionMode.Decompress))
        {
            gzip.CopyTo(tar);
        }

        Fuzz(1000, [tar.ToArray()], bytes =>
        {
            using var memory = new MemoryStream();
            using (var gzip = new GZipStream(memory, CompressionLevel.Fastest, leaveOpen: true))
            {
                gzip.Write(bytes);
            }

            ReadArchive(memory.ToArray());
        });
    }

    [Fact]
    public void Mutated_images_decode_or_are_refused() => Fuzz(5000, Images(), ReadImage);

    [Fact]
    public void Mutated_images_with_checksums_made_right_decode_or_are_refused() => Fuzz(5000, Images(), bytes =>
    {
        CorrectChecksums(bytes);
        ReadImage(bytes);
    });

    private static byte[][] Images() =>
    [
        ImageFolderTests.Jpeg(24, 20, 1),
        ImageFolderTests.Png(24, 20, ColorComponents.RedGreenBlue, 1),
        ImageFolderTests.Png(9, 7, ColorComponents.RedGreenBlueAlpha, 2),
        ImageFolderTests.Png(9, 7, ColorComponents.Grey, 3),
    ];

    private static void ReadArchive(byte[] bytes)
    {
        using var stream = new MemoryStream(bytes);
        Cifar10Archive.Read(stream, "fuzz.tar.gz");
    }

    private static void ReadImage(byte[] bytes) => ImageFile.Decode(bytes, "fuzz", 3, 32, 32, new byte[3072]);

    private static void Fuzz(int count, byte[][] seeds, Action<byte[]> read)
    {
        var random = new Random(1);
        for (var i = 0; i < count; i++)
        {
            var bytes = Mutate(seeds[i % seeds.Length], random);
            try
            {
                read(bytes);
            }
            catch (InvalidDataException e)
            {
                Assert.Contains("fuzz", e.Message, StringComparison.Ordinal);
            }
        }
    }

    /// <summary>Changes up to six bytes, mostly near the start where the headers are; sometimes cuts or repeats a piece.</summary>
    private static byte[] Mutate(byte[] seed, Random random)
    {
        byte[] bytes = [.. seed];
        for (var k = random.Next(7); k > 0; k--)
        {
            var at = random.Next(random.Next(3) == 0 ? bytes.Length : Math.Min(bytes.Length, 600));
            bytes[at] = random.Next(3) switch
            {
                0 => (byte)random.Next(256),
                1 => (byte)(bytes[at] ^ (1 << random.Next(8))),
                _ => (byte)(255 * random.Next(2)),
            };
        }

        return random.Next(8) switch
        {
            0 => bytes[..random.Next(bytes.Length)],
            1 => [.. bytes[..(bytes.Length / 2)], .. bytes[random.Next(bytes.Length)..]],
            _ => bytes,
        };
    }

    private static void CorrectChecksums(byte[] png)
    {
        const int Overhead = 12;
        for (var at = 8; at + Overhead <= png.Length;)
        {
            var length = BinaryPrimitives.ReadUInt32BigEndian(png.AsSpan(at));
            if (length > png.Length - at - Overhead)
            {
                return;
            }

            var next = at + Overhead + (int)length;
            BinaryPrimitives.WriteUInt32BigEndian(png.AsSpan(next - 4), Crc32.HashToUInt32(png.AsSpan(at + 4, 4 + (int)length)));
            at = next;
        }
    }
}
