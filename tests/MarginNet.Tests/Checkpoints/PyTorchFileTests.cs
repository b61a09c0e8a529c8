using MarginNet.Checkpoints;
using static TorchSharp.torch;

namespace MarginNet.Tests.Checkpoints;

public sealed class PyTorchFileTests
{
    private static readonly StoredTensor Weight = new(ScalarType.Float32, [2, 3], new byte[24]);

    [Fact]
    public void What_is_written_is_read_back_bit_for_bit()
    {
        var graph = Graphs.Everything();
        Assert.Equal(Shown.Text(graph), Shown.Text(RoundTrip(graph)));
    }

    [Fact]
    public void Numbers_written_as_tensors_are_read_back_as_numbers()
    {
        var graph = Graphs.Everything();
        Assert.Equal(Shown.Text(graph), Shown.Text(RoundTrip(graph, new() { NumbersAsTensors = true })));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void A_random_graph_is_read_back_bit_for_bit(int seed)
    {
        var graph = Graphs.Random(new Random(seed), depth: 6);
        Assert.Equal(Shown.Text(graph), Shown.Text(RoundTrip(graph)));
    }

    [Fact]
    public void Writing_what_was_read_gives_the_same_bytes()
    {
        var first = Bytes(Graphs.Everything());
        using var stream = new MemoryStream(first);
        Assert.Equal(first, Bytes(PyTorchFile.Read(stream)));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_float64_scalar_of_a_state_dict_stays_a_tensor(bool numbersAsTensors)
    {
        var scalar = new StoredTensor(ScalarType.Float64, [], BitConverter.GetBytes(2.5));
        Assert.IsType<StoredTensor>(RoundTrip(scalar, new() { NumbersAsTensors = numbersAsTensors }));
    }

    [Fact]
    public void Convenient_types_are_read_back_as_the_plain_ones()
    {
        var graph = new Dictionary<string, object>
        {
            ["int"] = 7,
            ["float"] = 0.5f,
            ["doubles"] = new[] { 1.0, 2.0 },
            ["names"] = new[] { "cat", "dog" },
        };
        var read = (Dictionary<string, object?>)RoundTrip(graph)!;
        Assert.Equal(7L, read["int"]);
        Assert.Equal(0.5, read["float"]);
        Assert.Equal([1.0, 2.0], ((StoredTensor)read["doubles"]!).ToDoubles());
        Assert.Equal(["cat", "dog"], (List<object?>)read["names"]!);
    }

    [Fact]
    public void Tensors_over_the_same_memory_are_stored_once()
    {
        var shared = new StoredTensor(ScalarType.Byte, [100_000], new byte[100_000]);
        var length = Bytes(new Dictionary<string, StoredTensor> { ["a"] = shared, ["b"] = shared }).Length;
        Assert.InRange(length, 100_000, 102_000);
    }

    [Fact]
    public void Every_entry_begins_at_a_multiple_of_64_bytes()
    {
        var bytes = Bytes(Graphs.Everything());
        var marker = "PK\u0003\u0004"u8;
        var entries = 0;
        for (var at = 0; at >= 0 && at < bytes.Length; entries++)
        {
            var content = at + 30 + BitConverter.ToUInt16(bytes, at + 26) + BitConverter.ToUInt16(bytes, at + 28);
            Assert.Equal(0, content % 64);
            var next = bytes.AsSpan(content).IndexOf(marker);
            at = next < 0 ? -1 : content + next;
        }

        Assert.True(entries > 10);
    }

    [Fact]
    public void A_value_that_is_not_plain_is_refused_by_its_place()
    {
        var graph = new Dictionary<string, object> { ["config"] = new object[] { 1, DateTime.UnixEpoch } };
        var error = Assert.Throws<ArgumentException>(() => Bytes(graph));
        Assert.Contains("graph['config'][1] is a System.DateTime", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void More_tensors_than_a_zip_archive_holds_are_refused()
    {
        var tensors = Enumerable.Range(0, 65_536).Select(i => StoredTensor.FromDoubles([i]));
        var error = Assert.Throws<ArgumentException>(() => PyTorchFile.Write(Stream.Null, tensors));
        Assert.Contains("65535 tensors", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_key_that_is_not_text_is_refused() =>
        Assert.Throws<ArgumentException>(() => Bytes(new Dictionary<int, object> { [1] = 2 }));

    [Fact]
    public void Text_that_is_not_Unicode_is_refused_rather_than_changed() =>
        Assert.ThrowsAny<ArgumentException>(() => Bytes("half of a pair: \ud83d"));

    [Fact]
    public void A_list_that_contains_itself_is_refused()
    {
        var list = new List<object?>();
        list.Add(list);
        Assert.Throws<ArgumentException>(() => Bytes(list));
    }

    [Fact]
    public void A_refused_graph_leaves_the_old_file_alone()
    {
        using var folder = new TemporaryFolder();
        var path = folder["m.pt"];
        PyTorchFile.Write(path, Weight);
        var before = File.ReadAllBytes(path);
        Assert.Throws<ArgumentException>(() => PyTorchFile.Write(path, new object()));
        Assert.Equal(before, File.ReadAllBytes(path));
    }

    [Fact]
    public void A_missing_file_is_reported_by_its_path()
    {
        var error = Assert.Throws<FileNotFoundException>(() => PyTorchFile.Read("no-such.pt"));
        Assert.Contains("no-such.pt", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_stream_that_cannot_seek_is_refused()
    {
        using var stream = new System.IO.Compression.GZipStream(new MemoryStream(), System.IO.Compression.CompressionMode.Decompress);
        Assert.Throws<ArgumentException>(() => PyTorchFile.Read(stream));
    }

    internal static byte[] Bytes(object? graph, PyTorchWriteOptions? options = null)
    {
        using var stream = new MemoryStream();
        PyTorchFile.Write(stream, graph, options);
        return stream.ToArray();
    }

    private static object? RoundTrip(object? graph, PyTorchWriteOptions? options = null)
    {
        using var stream = new MemoryStream(Bytes(graph, options));
        return PyTorchFile.Read(stream);
    }
}
