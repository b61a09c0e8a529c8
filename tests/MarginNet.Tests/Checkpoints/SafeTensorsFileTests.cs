using System.Buffers.Binary;
using System.Text;
using MarginNet.Checkpoints;
using static TorchSharp.torch;

namespace MarginNet.Tests.Checkpoints;

public sealed class SafeTensorsFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_file_written_by_the_specification_is_read_bit_for_bit() =>
        Assert.Equal(Fixture.Expected("mixed.safetensors"), Text(SafeTensorsFile.Read(Fixture.PathOf("mixed.safetensors"))));

    [Fact]
    public void What_is_written_is_read_back_bit_for_bit_and_in_order()
    {
        var content = SafeTensorsFile.Read(Fixture.PathOf("mixed.safetensors"));
        SafeTensorsFile.Write(_folder["m.safetensors"], content);
        Assert.Equal(Text(content), Text(SafeTensorsFile.Read(_folder["m.safetensors"])));
    }

    [PythonFact]
    public void Python_reads_what_is_written_and_finds_it_aligned()
    {
        var content = SafeTensorsFile.Read(Fixture.PathOf("mixed.safetensors"));
        SafeTensorsFile.Write(_folder["m.safetensors"], content);
        Assert.Equal(Text(content), PythonFactAttribute.Run(Fixture.PathOf("safetensors_format.py"), "show", _folder["m.safetensors"]));
    }

    [Fact]
    public void The_bytes_are_those_of_the_specification()
    {
        // The example of the format's description, completed: one byte tensor and one float, the wider first in the data.
        using var stream = new MemoryStream();
        SafeTensorsFile.Write(stream, new()
        {
            Tensors = new Dictionary<string, StoredTensor>
            {
                ["b"] = new(ScalarType.Byte, [2], new byte[] { 7, 8 }),
                ["f"] = new(ScalarType.Float32, [], new byte[] { 1, 2, 3, 4 }),
            },
        });
        const string Json = """{"b":{"dtype":"U8","shape":[2],"data_offsets":[4,6]},"f":{"dtype":"F32","shape":[],"data_offsets":[0,4]}}""";
        var padded = Json.PadRight((Json.Length + 7) / 8 * 8);
        Assert.Equal(
            [.. BitConverter.GetBytes((long)padded.Length), .. Encoding.UTF8.GetBytes(padded), 1, 2, 3, 4, 7, 8], stream.ToArray());
    }

    [Fact]
    public void A_file_without_tensors_comes_back()
    {
        var back = Read(Compose("{}", 0));
        Assert.Empty(back.Tensors);
        Assert.Empty(back.Metadata);
    }

    [Theory]
    [InlineData("")]
    [InlineData("   ")]
    public void Spaces_behind_the_header_are_part_of_the_format(string padding) =>
        Assert.Equal([3L], Read(Compose(One("U8", "[3]", 0, 3) + padding, 3)).Tensors["a"].Shape.ToArray());

    [Theory]
    [InlineData("F32", "[2]", 0, 7, 8)] // Not the tensor's length.
    [InlineData("F32", "[3]", 0, 8, 8)]
    [InlineData("F32", "[2]", 8, 0, 8)]
    [InlineData("F32", "[1000000000000]", 0, 4000000000000, 8)]
    [InlineData("U8", "[4294967296,4294967296]", 0, 0, 0)] // Overflows to 0.
    [InlineData("I64", "[2305843009213693952]", 0, 0, 0)]
    [InlineData("U8", "[9223372036854775807,2,0]", 0, 0, 0)]
    public void A_tensor_of_another_length_than_its_place_is_refused(string type, string shape, long start, long end, int length) =>
        Refused("which is not its length", Compose(One(type, shape, start, end), length));

    [Fact]
    public void A_claim_of_a_million_million_elements_takes_no_memory()
    {
        var bytes = Compose(One("F32", "[250000000]", 0, 1_000_000_000), 8);
        var before = GC.GetAllocatedBytesForCurrentThread();
        Refused("claim 1000000000 bytes, but it holds 8", bytes);
        Refused("not its length", Compose(One("F32", "[1000000000000]", 0, 4_000_000_000_000), 8));
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1_000_000);
    }

    [Theory]
    [InlineData(0, 4, 2, 6, 6, "no overlap")]
    [InlineData(0, 4, 0, 4, 4, "no overlap")]
    [InlineData(0, 4, 6, 10, 10, "no hole")]
    [InlineData(2, 6, 6, 10, 10, "no hole")]
    [InlineData(0, 4, 4, 8, 9, "claim 8 bytes, but it holds 9")]
    [InlineData(0, 4, 4, 8, 7, "claim 8 bytes, but it holds 7")]
    public void Tensors_that_overlap_leave_holes_or_end_elsewhere_than_the_data_are_refused(
        int start, int end, int secondStart, int secondEnd, int length, string reason) =>
        Refused(
            reason, Compose($$"""{"a":{{Entry("U8", "[4]", start, end)}},"b":{{Entry("U8", "[4]", secondStart, secondEnd)}}}""", length));

    [Theory]
    [InlineData("""{"a":1}""", "a Number in place of a StartObject")]
    [InlineData("""{"a":{"dtype":"U8","shape":[1]}}""", "too little")]
    [InlineData("""{"a":{"dtype":"U8","shape":[1],"data_offsets":[0]}}""", "too little")]
    [InlineData("""{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1,2]}}""", "at most 2 whole numbers")]
    [InlineData("""{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1],"x":1}}""", "the key 'x'")]
    [InlineData("""{"a":{"dtype":"U8","dtype":"U8","shape":[1],"data_offsets":[0,1]}}""", "'dtype' twice under 'a'")]
    [InlineData("""{"a":{"dtype":8,"shape":[1],"data_offsets":[0,1]}}""", "a Number in place of a String")]
    [InlineData("""{"a":{"dtype":"U8","shape":[-1],"data_offsets":[0,1]}}""", "whole numbers of at least 0")]
    [InlineData("""{"a":{"dtype":"U8","shape":[1.0],"data_offsets":[0,1]}}""", "whole numbers of at least 0")]
    [InlineData("""{"a":{"dtype":"U8","shape":[99999999999999999999],"data_offsets":[0,1]}}""", "whole numbers of at least 0")]
    [InlineData("""{"a":{"dtype":"U8","shape":[[1]],"data_offsets":[0,1]}}""", "no valid JSON")]
    [InlineData("""{"a":{"dtype":"F8_E4M3","shape":[1],"data_offsets":[0,1]}}""", "elements of type 'F8_E4M3'; expected F64")]
    [InlineData("""{"__metadata__":{"a":1}}""", "a Number in place of a String under '__metadata__'")]
    [InlineData("""{"__metadata__":{"a":"1","a":"2"}}""", "'a' twice under '__metadata__'")]
    [InlineData("""{"__metadata__":{},"__metadata__":{}}""", "'__metadata__' twice")]
    [InlineData("{}x", "no valid JSON")]
    [InlineData("{}{}", "no valid JSON")]
    [InlineData("[]", "no JSON object")]
    [InlineData("", "no JSON object")]
    [InlineData("{", "no valid JSON")]
    [InlineData("{\"\\ud800\":1}", "no valid JSON")]
    public void A_malformed_header_is_refused(string header, string reason) => Refused(reason, Compose(header, 1));

    [Fact]
    public void Two_tensors_of_one_name_are_refused() =>
        Refused("the key 'a' twice", Compose($$"""{"a":{{Entry("U8", "[1]", 0, 1)}},"a":{{Entry("U8", "[1]", 1, 2)}}}""", 2));

    [Fact]
    public void More_dimensions_than_any_tensor_has_are_refused() =>
        Refused("at most 64 whole numbers", Compose(One("U8", $"[{string.Join(',', Enumerable.Repeat(1, 65))}]", 0, 1), 1));

    [Fact]
    public void Deep_nesting_is_refused_without_deep_recursion() =>
        Refused("no valid JSON", Compose("{\"a\":{\"shape\":" + new string('[', 1_000_000), 0));

    [Fact]
    public void A_header_that_is_no_UTF_8_is_refused()
    {
        var bytes = Compose(One("U8", "[1]", 0, 1), 1);
        bytes[Array.IndexOf(bytes, (byte)'a')] = 0xff;
        Refused("no JSON object in UTF-8", bytes);
    }

    [Theory]
    [InlineData(ulong.MaxValue)]
    [InlineData(1UL << 63)]
    [InlineData(1000UL)]
    public void A_header_longer_than_the_file_is_refused(ulong length)
    {
        var bytes = Compose("{}", 0);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, length);
        Refused($"its header has {length} bytes; expected at most 2", bytes);
    }

    [Fact]
    public void A_header_beyond_the_limit_of_the_format_is_refused_before_it_is_read()
    {
        using var file = File.Create(_folder["m.safetensors"]);
        file.SetLength(200_000_000); // Sparse: no disk is filled.
        file.Write(BitConverter.GetBytes(100_000_001L));
        file.Flush();
        var before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Contains(
            "expected at most 100000000", Assert.Throws<InvalidDataException>(() => SafeTensorsFile.Read(file)).Message,
            StringComparison.Ordinal);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1_000_000);
    }

    [Fact]
    public void A_name_with_line_ends_and_terminal_escapes_stays_one_plain_line() =>
        Refused("'?[31mred?", Compose("""{"\u001b[31mred\n""" + new string('x', 1000) + "\":1}", 0));

    [Fact]
    public void Other_files_are_named()
    {
        Refused("git lfs pull", "version https://git-lfs.github.com/spec/v1\n"u8.ToArray());
        Refused("It is empty", []);
        Refused("It is cut off", [1, 0, 0]);
        Refused("or no safetensors file", Fixture.Bytes("state_dict.pt"));
        var missing = Assert.Throws<FileNotFoundException>(() => SafeTensorsFile.Read(_folder["none.safetensors"]));
        Assert.Contains("none.safetensors", missing.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_tensor_with_the_name_of_the_texts_is_not_written()
    {
        var content = new SafeTensors
        {
            Tensors = new Dictionary<string, StoredTensor> { ["__metadata__"] = StoredTensor.FromDoubles([1]) },
        };
        Assert.Throws<ArgumentException>(() => SafeTensorsFile.Write(_folder["m.safetensors"], content));
        Assert.Empty(Directory.GetFiles(_folder.Path));
    }

    [Fact]
    public void A_file_cut_anywhere_is_refused()
    {
        var whole = Fixture.Bytes("mixed.safetensors");
        for (var length = 0; length < whole.Length; length++)
        {
            Refused("It", whole[..length]);
        }
    }

    [Fact]
    public void Random_damage_gives_tensors_or_one_line_in_bounded_memory()
    {
        var original = Fixture.Bytes("mixed.safetensors");
        var random = new Random(21);
        var refused = 0;
        for (var i = 0; i < 5000; i++)
        {
            var bytes = Mutation.Of(original, random);
            var before = GC.GetAllocatedBytesForCurrentThread();
            try
            {
                Read(bytes);
            }
            catch (InvalidDataException e)
            {
                Assert.DoesNotContain(e.Message, char.IsControl);
                refused++;
            }

            Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1_000_000);
        }

        Assert.InRange(refused, 1000, 4999);
    }

    private static string Entry(string type, string shape, long start, long end) =>
        FormattableString.Invariant($$"""{"dtype":"{{type}}","shape":{{shape}},"data_offsets":[{{start}},{{end}}]}""");

    private static string One(string type, string shape, long start, long end) => $$"""{"a":{{Entry(type, shape, start, end)}}}""";

    private static byte[] Compose(string header, int dataLength)
    {
        var json = Encoding.UTF8.GetBytes(header);
        return [.. BitConverter.GetBytes((long)json.Length), .. json, .. new byte[dataLength]];
    }

    private static SafeTensors Read(byte[] bytes)
    {
        using var stream = new MemoryStream(bytes);
        return SafeTensorsFile.Read(stream);
    }

    private static void Refused(string reason, byte[] bytes)
    {
        var message = Assert.Throws<InvalidDataException>(() => Read(bytes)).Message;
        Assert.Contains(reason, message, StringComparison.Ordinal);
        Assert.DoesNotContain(message, char.IsControl);
    }

    private static string Text(SafeTensors content) => Shown.Text(new Dictionary<string, object?>
    {
        ["tensors"] = content.Tensors.ToDictionary(item => item.Key, item => (object?)item.Value),
        ["metadata"] = content.Metadata.ToDictionary(item => item.Key, item => (object?)item.Value),
    });
}
