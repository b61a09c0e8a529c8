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
            Assert.Contains(
                length == 0 ? "is empty" : length < 4 ? "is no file of torch.save" : "is cut off", Refusal(whole[..length]),
                StringComparison.Ordinal);
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
