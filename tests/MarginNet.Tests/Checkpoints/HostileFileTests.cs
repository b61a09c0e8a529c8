using System.IO.Compression;
using System.Text;
using MarginNet.Checkpoints;

namespace MarginNet.Tests.Checkpoints;

public sealed class HostileFileTests
{
    private static readonly byte[] Ten = new byte[40];

    [Theory]
    [InlineData("os", "system")]
    [InlineData("builtins", "eval")]
    [InlineData("torch", "load")]
    [InlineData("torch", "DoubleTensor")]
    [InlineData("torch.storage", "_load_from_bytes")]
    [InlineData("numpy.core.multiarray", "scalar")]
    [InlineData("collections", "OrderedDict.fromkeys")]
    public void A_name_that_no_state_dict_needs_is_refused_by_name(string module, string name)
    {
        Refused($"names {module}.{name}", new TorchArchive(Pickle.Global(module, name)));
        Refused($"names {module}.{name}", new TorchArchive([.. Pickle.Text(module), .. Pickle.Text(name), 0x93]));
    }

    [Theory]
    [InlineData("i")] // INST
    [InlineData("o")] // OBJ
    [InlineData("\u0081")] // NEWOBJ
    [InlineData("\u0092")] // NEWOBJ_EX
    [InlineData("\u0082")] // EXT1
    [InlineData("P")] // PERSID
    [InlineData("B")] // BINBYTES
    [InlineData("\u00ff")]
    public void An_opcode_that_no_state_dict_needs_is_refused(string opcode) =>
        Refused("opcode", new TorchArchive([.. Pickle.Raw(")" + opcode + "\0\0\0\0\n\n")]));

    [Fact]
    public void A_tensor_of_a_million_million_elements_is_refused()
    {
        const long Count = 1_000_000_000_000;
        Refused("bytes; expected 4000000000000", new TorchArchive(Pickle.Tensor(Count, 0, [Count], [1])).Add("data/0", Ten));
        Refused("does not fit storage", new TorchArchive(Pickle.Tensor(10, 0, [Count], [1])).Add("data/0", Ten));
        Refused("out of proportion", new TorchArchive(Pickle.Tensor(10, 0, [Count], [0])).Add("data/0", Ten));
    }

    [Theory]
    [InlineData(10, 0, new long[] { 11 }, new long[] { 1 })]
    [InlineData(10, 1, new long[] { 10 }, new long[] { 1 })]
    [InlineData(10, 0, new long[] { 2, 5 }, new long[] { 6, 1 })]
    [InlineData(10, -1, new long[] { 5 }, new long[] { 1 })]
    [InlineData(10, 9, new long[] { 5 }, new long[] { -1 })]
    [InlineData(10, 0, new long[] { -5 }, new long[] { 1 })]
    [InlineData(10, 0, new long[] { 5 }, new long[] { 1, 1 })]
    [InlineData(10, long.MaxValue, new long[] { 2 }, new long[] { 1 })]
    [InlineData(10, 0, new long[] { 2, 2 }, new long[] { long.MaxValue, long.MaxValue })]
    [InlineData(10, 0, new long[] { 1L << 32, 1L << 32 }, new long[] { 0, 0 })]
    [InlineData(10, 0, new long[] { 1L << 32, 1L << 32, 0 }, new long[] { 1, 1, 1 })]
    [InlineData(-10, 0, new long[] { 1 }, new long[] { 1 })]
    [InlineData(long.MaxValue, 0, new long[] { 1 }, new long[] { 1 })]
    [InlineData(1L << 62, 0, new long[] { 1 }, new long[] { 1 })]
    public void A_tensor_that_reaches_beyond_its_storage_is_refused(long count, long offset, long[] size, long[] stride) =>
        Refused("does not fit storage", new TorchArchive(Pickle.Tensor(count, offset, size, stride)).Add("data/0", Ten));

    [Fact]
    public void Many_strided_views_of_one_storage_are_refused()
    {
        var storage = new byte[4 * 1_000_000];
        var view = Pickle.Tensor(1_000_000, 0, [1000, 1000], [1, 1000]);
        Refused("out of proportion", new TorchArchive(
            [.. Pickle.Raw("]("), .. Enumerable.Repeat(view, 50).SelectMany(bytes => bytes), .. Pickle.Raw("e")]).Add("data/0", storage));
    }

    [Fact]
    public void Many_contiguous_views_of_one_storage_share_its_memory()
    {
        var storage = new byte[4 * 1_000_000];
        var view = Pickle.Tensor(1_000_000, 0, [1000, 1000], [1000, 1]);
        using var stream =
            new TorchArchive([.. Pickle.Raw("]("), .. Enumerable.Repeat(view, 50).SelectMany(bytes => bytes),
                .. Pickle.Raw("e")]).Add("data/0", storage).ToStream();
        Assert.InRange(AllocatedBy(() => PyTorchFile.Read(stream)), 4_000_000, 6_000_000);
    }

    [Fact]
    public void A_zip_bomb_is_refused_before_it_is_unpacked()
    {
        using var stream = new TorchArchive(Pickle.Tensor(25_000_000, 0, [25_000_000], [1]))
            .Add("data/0", new byte[100_000_000], CompressionLevel.SmallestSize).ToStream();
        var allocated = AllocatedBy(() => Assert.Contains("is compressed", Refusal(stream), StringComparison.Ordinal));
        Assert.InRange(allocated, 0, 1_000_000);
    }

    [Fact]
    public void Entries_that_overlap_in_the_file_are_refused()
    {
        // Two directory records point at one entry's bytes: a megabyte stored once, claimed twice.
        var bytes = new TorchArchive(Pickle.Int(1)).Add("data/0", new byte[1_000_000]).Add("data/1", []).ToBytes();
        var end = bytes.AsSpan().LastIndexOf("archive/data/1"u8) - 46;
        var start = bytes.AsSpan()[..end].LastIndexOf("archive/data/0"u8) - 46;
        bytes.AsSpan(start + 16, 12).CopyTo(bytes.AsSpan(end + 16)); // CRC-32 and both sizes
        bytes.AsSpan(start + 42, 4).CopyTo(bytes.AsSpan(end + 42)); // offset
        using var stream = new MemoryStream(bytes);
        Assert.Contains("claim more than", Refusal(stream), StringComparison.Ordinal);
    }

    [Fact]
    public void Deep_nesting_is_refused_without_deep_recursion()
    {
        const int Depth = 500_000;
        Refused("nested deeper than 100", new TorchArchive(Encoding.ASCII.GetBytes(new string(']', Depth) + new string('a', Depth - 1))));
        Refused("nested deeper than 100", new TorchArchive([.. Pickle.Raw("]"), .. Enumerable.Repeat((byte)0x85, Depth)]));
    }

    [Fact]
    public void More_values_than_any_checkpoint_holds_are_refused() =>
        Refused("more than 2097152 values", new TorchArchive(Encoding.ASCII.GetBytes(new string('}', 3_000_000))));

    [Fact]
    public void A_pickle_claiming_a_text_longer_than_itself_is_refused()
    {
        Refused("ends after", new TorchArchive([(byte)'X', 0xff, 0xff, 0xff, 0x7f, (byte)'a']));
        Refused("ends after", new TorchArchive([0x8d, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]));
        Refused("ends after", new TorchArchive(Pickle.Raw("cno line end")));
    }

    [Theory]
    [InlineData("0", "not there")] // POP of an empty stack
    [InlineData("(0", "not there")] // POP of a mark
    [InlineData("t", "no mark")]
    [InlineData("]s", "not there")]
    [InlineData("NN\u0086a", "not there")]
    [InlineData("NNa", "no list")]
    [InlineData("NNNs", "no dictionary")]
    [InlineData("}(Nu", "no dictionary")]
    [InlineData("}NNs", "key of type None")]
    [InlineData("h\u0005", "never stored")]
    [InlineData("NQ", "no storage")]
    [InlineData("N)R", "calls None")]
    [InlineData("NNR", "without arguments")]
    [InlineData("NNb", "sets the state")]
    [InlineData("", "not there")]
    public void A_malformed_pickle_is_refused(string opcodes, string reason) => Refused(reason, new TorchArchive(Pickle.Raw(opcodes)));

    [Fact]
    public void A_dictionary_with_the_keys_1_and_text_1_is_refused() =>
        Refused("twice", new TorchArchive(
            [.. Pickle.Raw("}("), .. Pickle.Int(1), .. Pickle.Int(5), .. Pickle.Text("1"), .. Pickle.Int(6), .. Pickle.Raw("u")]));

    [Fact]
    public void A_class_or_a_storage_as_a_value_is_refused()
    {
        Refused("holds collections.OrderedDict", new TorchArchive(Pickle.Global("collections", "OrderedDict")));
        Refused("holds a storage", new TorchArchive(Pickle.Storage("FloatStorage", "0", 10)).Add("data/0", Ten));
    }

    [Fact]
    public void A_path_outside_the_archive_is_only_a_name()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllBytes(folder["0"], Ten);
        Refused("is missing", new TorchArchive(Pickle.Tensor(10, 0, [10], [1], key: $"../../../{folder["0"]}")));
        using var stream = new TorchArchive(Pickle.Tensor(10, 0, [10], [1], key: "../../0")).Add("data/../../0", Ten).ToStream();
        Assert.IsType<StoredTensor>(PyTorchFile.Read(stream));
    }

    [Fact]
    public void A_storage_that_is_missing_or_of_another_length_is_refused()
    {
        Refused("'archive/data/0' is missing", new TorchArchive(Pickle.Tensor(10, 0, [10], [1])));
        Refused("has 36 bytes; expected 40", new TorchArchive(Pickle.Tensor(10, 0, [10], [1])).Add("data/0", new byte[36]));
    }

    [Fact]
    public void An_archive_with_two_pickles_or_two_equal_names_is_refused()
    {
        Refused("2 entries 'data.pkl'", new TorchArchive(Pickle.Int(1)).Add("data.pkl", [], root: "other/"));
        Refused("two entries 'archive/data/0'", new TorchArchive(Pickle.Int(1)).Add("data/0", []).Add("data/0", []));
    }

    [Fact]
    public void A_big_endian_file_is_refused() =>
        Refused("byte order", new TorchArchive(Pickle.Int(1)).Add("byteorder", "big"u8.ToArray()));

    [Fact]
    public void A_name_with_line_ends_and_terminal_escapes_stays_one_plain_line() =>
        Refused(
            "'archive/data/?[31mred?", new TorchArchive(Pickle.Tensor(10, 0, [10], [1], key: "\u001b[31mred\n" + new string('x', 1000))));

    [Fact]
    public void A_Git_LFS_pointer_and_an_empty_file_are_named()
    {
        using var pointer = new MemoryStream("version https://git-lfs.github.com/spec/v1\noid sha256:0\n"u8.ToArray());
        using var empty = new MemoryStream();
        Assert.Contains("git lfs pull", Refusal(pointer), StringComparison.Ordinal);
        Assert.Contains("is empty", Refusal(empty), StringComparison.Ordinal);
    }

    private static void Refused(string reason, TorchArchive archive)
    {
        using var stream = archive.ToStream();
        Assert.Contains(reason, Refusal(stream), StringComparison.Ordinal);
    }

    private static string Refusal(Stream stream)
    {
        var message = Assert.Throws<InvalidDataException>(() => PyTorchFile.Read(stream)).Message;
        Assert.DoesNotContain(message, char.IsControl);
        Assert.InRange(message.Length, 1, 600);
        return message;
    }

    private static long AllocatedBy(Action action)
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        action();
        return GC.GetAllocatedBytesForCurrentThread() - before;
    }
}
