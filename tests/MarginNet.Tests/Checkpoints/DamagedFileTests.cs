using MarginNet.Checkpoints;

namespace MarginNet.Tests.Checkpoints;

public sealed class DamagedFileTests
{
    public static TheoryData<string> Files => ["ours", "state_dict.pt", "checkpoint.pt", "tensors.pt", "protocol4.pt"];

    [Theory]
    [MemberData(nameof(Files))]
    public void A_file_cut_anywhere_is_refused(string name)
    {
        var whole = Load(name);
        for (var length = 0; length < whole.Length; length += 1 + (length / 50))
        {
            Assert.Contains(length == 0 ? "is empty" : length < 4 ? "is no file of torch.save" : "is cut off", Refusal(whole[..length]), StringComparison.Ordinal);
        }

        Assert.Contains("is cut off", Refusal(whole[..^1]), StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Files))]
    public void A_flipped_bit_is_refused_or_does_not_change_what_is_read(string name)
    {
        var whole = Load(name);
        var expected = Read(whole);
        var random = new Random(3);
        for (var at = 0; at < whole.Length; at++)
        {
            var damaged = (byte[])whole.Clone();
            damaged[at] ^= (byte)(1 << random.Next(8));
            var text = Outcome(damaged);
            Assert.True(text is null || text == expected, $"byte {at}");
        }
    }

    [Fact]
    public void Every_flipped_bit_of_the_weights_is_refused()
    {
        var tensor = new StoredTensor(TorchSharp.torch.ScalarType.Byte, [64], Enumerable.Range(100, 64).Select(i => (byte)i).ToArray());
        var whole = PyTorchFileTests.Bytes(tensor);
        var start = whole.AsSpan().IndexOf(tensor.Data.Span);
        for (var bit = 0; bit < 64 * 8; bit++)
        {
            whole[start + (bit / 8)] ^= (byte)(1 << (bit % 8));
            Assert.Contains("'archive/data/0' is corrupt", Refusal(whole), StringComparison.Ordinal);
            whole[start + (bit / 8)] ^= (byte)(1 << (bit % 8));
        }
    }

    [Theory]
    [MemberData(nameof(Files))]
    public void Random_damage_gives_a_value_or_one_line_in_bounded_memory(string name)
    {
        var original = Load(name);
        var random = new Random(11);
        for (var i = 0; i < 1000; i++)
        {
            var bytes = Mutation.Of(original, random);
            var before = GC.GetAllocatedBytesForCurrentThread();
            _ = Outcome(bytes);
            Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 4_000_000);
        }
    }

    [Theory]
    [InlineData("checkpoint.pt")]
    [InlineData("tensors.pt")]
    public void Random_damage_to_the_pickle_behind_a_right_checksum_gives_a_value_or_one_line_in_bounded_memory(string name)
    {
        var entries = ArchiveEntries.Of(Fixture.Bytes(name));
        var random = new Random(12);
        for (var i = 0; i < 2000; i++)
        {
            var bytes = ArchiveEntries.Pack(entries, pickle => Mutation.Of(pickle, random));
            var before = GC.GetAllocatedBytesForCurrentThread();
            _ = Outcome(bytes);
            Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 4_000_000);
        }
    }

    private static byte[] Load(string name) => name == "ours" ? PyTorchFileTests.Bytes(Graphs.Everything()) : Fixture.Bytes(name);

    private static string Read(byte[] bytes)
    {
        using var stream = new MemoryStream(bytes);
        return Shown.Text(PyTorchFile.Read(stream));
    }

    /// <summary>What is read, or null where the file is refused; any other exception fails the test.</summary>
    private static string? Outcome(byte[] bytes)
    {
        try
        {
            return Read(bytes);
        }
        catch (InvalidDataException e)
        {
            Assert.DoesNotContain(e.Message, char.IsControl);
            return null;
        }
    }

    private static string Refusal(byte[] bytes)
    {
        using var stream = new MemoryStream(bytes);
        return Assert.Throws<InvalidDataException>(() => PyTorchFile.Read(stream)).Message;
    }
}
