using System.Formats.Tar;
using System.IO.Compression;
using MarginNet.Data;

namespace MarginNet.Tests.Data;

/// <summary>Small made-up files in CIFAR-10's form: record r of file f has label (f + r) mod 10 and random pixels.</summary>
internal static class Cifar10Files
{
    public static readonly string[] Names = [.. Cifar10.TrainFiles, Cifar10.TestFile];

    /// <summary>File f has f + 2 records.</summary>
    public static byte[] Batch(int file) => Batch(file, file + 2);

    public static byte[] Batch(int file, int records)
    {
        var bytes = new byte[records * Cifar10Records.RecordBytes];
        new Random(file).NextBytes(bytes);
        for (var r = 0; r < records; r++)
        {
            bytes[r * Cifar10Records.RecordBytes] = (byte)((file + r) % 10);
        }

        return bytes;
    }

    public static void WriteFolder(TemporaryFolder folder, params string[] subfolder)
    {
        for (var f = 0; f < Names.Length; f++)
        {
            folder.Write(Batch(f), [.. subfolder, Names[f]]);
        }
    }

    /// <summary>An archive with the published one's folder and its disorder.</summary>
    public static byte[] Archive(string folder = "cifar-10-batches-bin/", params int[] files)
    {
        using var memory = new MemoryStream();
        using (var gzip = new GZipStream(memory, CompressionLevel.Fastest, leaveOpen: true))
        using (var tar = new TarWriter(gzip, TarEntryFormat.Ustar))
        {
            Add(tar, folder + "readme.html", "<p>"u8.ToArray());
            foreach (var f in files.Length > 0 ? files : [0, 2, 5, 4, 1, 3])
            {
                Add(tar, folder + Names[f], Batch(f));
            }
        }

        return memory.ToArray();
    }

    private static void Add(TarWriter tar, string name, byte[] content)
    {
        using var data = new MemoryStream(content);
        tar.WriteEntry(new UstarTarEntry(TarEntryType.RegularFile, name) { DataStream = data });
    }
}
