using System.IO.Compression;
using System.Text;
using MarginNet.Data;

namespace MarginNet.Tests.Data;

public sealed class Cifar10Tests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private static void AssertIsComplete(ImageDataset dataset)
    {
        Assert.Equal(("cifar10", 2 + 3 + 4 + 5 + 6, 7), (dataset.Name, dataset.Train.Count, dataset.Test.Count));
        Assert.Equal([0, 1, 1, 2, 3, 2, 3, 4, 5, 3, 4, 5, 6, 7, 4, 5, 6, 7, 8, 9], dataset.Train.Labels);
        Assert.Equal([5, 6, 7, 8, 9, 0, 1], dataset.Test.Labels);
        Assert.Equal(Cifar10Files.Batch(0).AsSpan(1, 3072), dataset.Train.Pixels(0));
        Assert.Equal(Cifar10Files.Batch(4).AsSpan()[^3072..], dataset.Train.Pixels(19));
        Assert.Equal(Cifar10Files.Batch(5).AsSpan(3073 + 1, 3072), dataset.Test.Pixels(1));
    }

    private string MessageOf<T>(string? path = null)
        where T : Exception
    {
        var message = Assert.Throws<T>(() => Cifar10.Load(path ?? _folder.Path)).Message;
        Assert.DoesNotContain('\n', message);
        return message;
    }

    [Fact]
    public void A_folder_of_binary_files_loads_in_the_order_of_their_names()
    {
        Cifar10Files.WriteFolder(_folder);
        AssertIsComplete(Cifar10.Load(_folder.Path));
    }

    [Fact]
    public void The_published_subfolder_is_found()
    {
        Cifar10Files.WriteFolder(_folder, "cifar-10-batches-bin");
        AssertIsComplete(Cifar10.Load(_folder.Path));
    }

    [Fact]
    public void The_archive_loads_from_its_path_and_from_its_folder_whatever_the_order_and_folder_inside()
    {
        _folder.Write(Cifar10Files.Archive(), "cifar-10-binary.tar.gz");
        AssertIsComplete(Cifar10.Load(_folder.Path));
        AssertIsComplete(Cifar10.Load(_folder["cifar-10-binary.tar.gz"]));
        _folder.Write(Cifar10Files.Archive("../../../"), "other.tgz");
        AssertIsComplete(Cifar10.Load(_folder["other.tgz"]));
        Assert.Equal(2, Directory.GetFileSystemEntries(_folder.Path).Length);
    }

    [Fact]
    public void A_file_of_more_records_than_a_block_loads_whole()
    {
        using var stream = new MemoryStream(Cifar10Files.Batch(3, 600));
        var images = Cifar10Records.Read(stream, stream.Length, "large");
        Assert.Equal(Enumerable.Range(0, 600).Select(r => (3 + r) % 10), images.Labels.ToArray());
        Assert.Equal(Cifar10Files.Batch(3, 600).AsSpan()[^3072..], images.Pixels(599));
    }

    [Fact]
    public void A_missing_folder_or_file_is_named()
    {
        Assert.Contains(_folder["none"], MessageOf<DirectoryNotFoundException>(_folder["none"]), StringComparison.Ordinal);
        Assert.Contains("data_batch_1.bin", MessageOf<FileNotFoundException>(), StringComparison.Ordinal);
        Cifar10Files.WriteFolder(_folder);
        File.Delete(_folder["data_batch_4.bin"]);
        Assert.Contains(_folder["data_batch_4.bin"], MessageOf<FileNotFoundException>(), StringComparison.Ordinal);
    }

    [Fact]
    public void The_Python_version_is_recognised()
    {
        _folder.Write([0x80], "data_batch_1");
        Assert.Contains("Python version", MessageOf<FileNotFoundException>(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0, "is empty")]
    [InlineData(3072, "3072 bytes")]
    [InlineData(3074, "CIFAR-100")]
    [InlineData(6147, "truncated")]
    public void A_file_of_no_whole_number_of_records_is_refused_with_its_size(int size, string expected)
    {
        Cifar10Files.WriteFolder(_folder);
        _folder.Write(new byte[size], "data_batch_2.bin");
        var message = MessageOf<InvalidDataException>();
        Assert.Contains(expected, message, StringComparison.Ordinal);
        Assert.Contains(_folder["data_batch_2.bin"], message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_label_above_nine_is_refused_with_its_record_and_place()
    {
        Cifar10Files.WriteFolder(_folder);
        var bytes = Cifar10Files.Batch(2);
        bytes[2 * 3073] = 200;
        _folder.Write(bytes, "data_batch_3.bin");
        Assert.Contains("record 2 (byte 6146): label 200", MessageOf<InvalidDataException>(), StringComparison.Ordinal);
    }

    [Fact]
    public void An_archive_cut_anywhere_is_refused()
    {
        var whole = Cifar10Files.Archive();
        foreach (var length in new[]
        {
            0, 1, 3, 10, 100, 5000, whole.Length / 2, whole.Length - 100, whole.Length - 9, whole.Length - 4, whole.Length - 1,
        })
        {
            _folder.Write(whole[..length], "cut.tar.gz");
            Assert.Contains(_folder["cut.tar.gz"], MessageOf<InvalidDataException>(_folder["cut.tar.gz"]), StringComparison.Ordinal);
        }
    }

    [Fact]
    public void An_archive_with_a_changed_byte_in_its_checksum_is_refused()
    {
        var bytes = Cifar10Files.Archive();
        bytes[^6] ^= 1;
        _folder.Write(bytes, "changed.tar.gz");
        Assert.Contains("changed.tar.gz", MessageOf<InvalidDataException>(_folder["changed.tar.gz"]), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(new[] { 0, 1, 2, 3, 5 }, "data_batch_5.bin")]
    [InlineData(new[] { 0, 1, 2, 3, 4, 5, 0 }, "data_batch_1.bin twice")]
    public void An_archive_that_lacks_a_file_or_has_it_twice_is_refused(int[] files, string expected)
    {
        _folder.Write(Cifar10Files.Archive(files: files), "wrong.tar.gz");
        Assert.Contains(expected, MessageOf<InvalidDataException>(_folder["wrong.tar.gz"]), StringComparison.Ordinal);
    }

    [Fact]
    public void An_extended_header_that_claims_gigabytes_takes_no_memory()
    {
        var header = new byte[512];
        "pax"u8.CopyTo(header);
        "17777777777"u8.CopyTo(header.AsSpan(124));
        header.AsSpan(148, 8).Fill((byte)' ');
        header[156] = (byte)'x';
        Encoding.ASCII.GetBytes(Convert.ToString(header.Sum(b => b), 8)).CopyTo(header, 148);
        using var archive = new MemoryStream();
        using (var gzip = new GZipStream(archive, CompressionLevel.Fastest, leaveOpen: true))
        {
            gzip.Write(header);
        }

        var before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Contains(
            "has no data_batch_1.bin", Assert.Throws<InvalidDataException>(() => Cifar10Archive.Read(archive, "claim")).Message,
            StringComparison.Ordinal);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1_000_000);
    }

    [Fact]
    public void Gzip_that_expands_beyond_the_limit_is_refused()
    {
        using var source = new MemoryStream(Cifar10Files.Archive());
        using var stream = new CheckedGzipStream(source, maxBytes: 50_000);
        Assert.Contains(
            "more than 50000", Assert.Throws<InvalidDataException>(() => stream.CopyTo(Stream.Null)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Loading_or_downloading_takes_what_is_there_without_a_download()
    {
        var nowhere = Cifar10.Archive with { Source = new Uri("http://127.0.0.1:1/none") };
        _folder.Write(Cifar10Files.Archive(), "cifar-10-binary.tar.gz");
        AssertIsComplete(await Cifar10.LoadOrDownloadAsync(_folder.Path, nowhere));
        AssertIsComplete(await Cifar10.LoadOrDownloadAsync(_folder["cifar-10-binary.tar.gz"], nowhere));
        Cifar10Files.WriteFolder(_folder, "sub", "cifar-10-batches-bin");
        AssertIsComplete(await Cifar10.LoadOrDownloadAsync(_folder["sub"], nowhere));
        Cifar10Files.WriteFolder(_folder, "plain");
        AssertIsComplete(await Cifar10.LoadOrDownloadAsync(_folder["plain"], nowhere));
    }
}
