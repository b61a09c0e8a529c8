using System.Buffers.Binary;
using System.Text;
using MarginNet.Arrays;

namespace MarginNet.Tests.Arrays;

public sealed class ArrayFileTests : IDisposable
{
    // The binary files below were written by numpy.save, numpy.savez and numpy.savez_compressed of NumPy 1.24.
    private const string Doubles =
        "k05VTVBZAQB2AHsnZGVzY3InOiAnPGY4JywgJ2ZvcnRyYW5fb3JkZXInOiBGYWxzZSwgJ3NoYXBlJzogKDIsIDMpLCB9ICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIAoAAAAAAAD4PwAAAAAAAADAAAAAAAAACkAAAAAAAAAQQHsUrkfhenQ/AAAAAAAAGMA=";
    private const string OneCompressed =
        "UEsDBBQAAAAIAAAAIQBsSSSuXAAAAJgAAAAKABQAbG9naXRzLm5weQEAEACYAAAAAAAAAFwAAAAAAAAAm+wX6hsQychQxlCtnpJanFykbqWgbpNmoq6joJ6WX1RSlJgXn1+UkgoSd0vMKU4FihdnJBakAvkaRjoKxpo6CrUKZAMuBoYD9gxAgoEhwIGBocGB6/piayD3AABQSwECFAMUAAAACAAAACEAbEkkrlwAAACYAAAACgAAAAAAAAAAAAAAgAEAAAAAbG9naXRzLm5weVBLBQYAAAAAAQABADgAAACYAAAAAAA=";
    private const string TwoArrays = "UEsDBBQAAAAAAAAAIQBR9RxssAAAALAAAAAKABQAbG9naXRzLm5weQEAEACwAAAAAAAAALAAAAAAAAAAk05VTVBZAQB2AHsnZGVzY3InOiAnPGY4JywgJ2ZvcnRyYW5fb3JkZXInOiBGYWxzZSwgJ3NoYXBlJzogKDIsIDMpLCB9ICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIAoAAAAAAAD4PwAAAAAAAADAAAAAAAAACkAAAAAAAAAQQHsUrkfhenQ/AAAAAAAAGMBQSwMEFAAAAAAAAAAhAK0AxeigAAAAoAAAAAoAFABsYWJlbHMubnB5AQAQAKAAAAAAAAAAoAAAAAAAAACTTlVNUFkBAHYAeydkZXNjcic6ICc8aTgnLCAnZm9ydHJhbl9vcmRlcic6IEZhbHNlLCAnc2hhcGUnOiAoNCwpLCB9ICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgCgAAAAAAAAAAAwAAAAAAAAACAAAAAAAAAPoAAAAAAAAAUEsBAhQDFAAAAAAAAAAhAFH1HGywAAAAsAAAAAoAAAAAAAAAAAAAAIABAAAAAGxvZ2l0cy5ucHlQSwECFAMUAAAAAAAAACEArQDF6KAAAACgAAAACgAAAAAAAAAAAAAAgAHsAAAAbGFiZWxzLm5weVBLBQYAAAAAAgACAHAAAADIAQAAAAA=";

    private static readonly double[] Expected = [1.5, -2, 3.25, 4, 5e-3, -6];
    private readonly string _folder = Directory.CreateTempSubdirectory("marginnet-arrays-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData(
        "<f4 C",
        "k05VTVBZAQB2AHsnZGVzY3InOiAnPGY0JywgJ2ZvcnRyYW5fb3JkZXInOiBGYWxzZSwgJ3NoYXBlJzogKDIsIDMpLCB9ICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIAoAAMA/AAAAwAAAUEAAAIBACtejOwAAwMA=")]
    [InlineData(
        "<f8 C",
        "k05VTVBZAQB2AHsnZGVzY3InOiAnPGY4JywgJ2ZvcnRyYW5fb3JkZXInOiBGYWxzZSwgJ3NoYXBlJzogKDIsIDMpLCB9ICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIAoAAAAAAAD4PwAAAAAAAADAAAAAAAAACkAAAAAAAAAQQHsUrkfhenQ/AAAAAAAAGMA=")]
    [InlineData(
        ">f4 C",
        "k05VTVBZAQB2AHsnZGVzY3InOiAnPmY0JywgJ2ZvcnRyYW5fb3JkZXInOiBGYWxzZSwgJ3NoYXBlJzogKDIsIDMpLCB9ICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIAo/wAAAwAAAAEBQAABAgAAAO6PXCsDAAAA=")]
    [InlineData(
        ">f8 C",
        "k05VTVBZAQB2AHsnZGVzY3InOiAnPmY4JywgJ2ZvcnRyYW5fb3JkZXInOiBGYWxzZSwgJ3NoYXBlJzogKDIsIDMpLCB9ICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIAo/+AAAAAAAAMAAAAAAAAAAQAoAAAAAAABAEAAAAAAAAD90euFHrhR7wBgAAAAAAAA=")]
    [InlineData(
        "<f2 C",
        "k05VTVBZAQB2AHsnZGVzY3InOiAnPGYyJywgJ2ZvcnRyYW5fb3JkZXInOiBGYWxzZSwgJ3NoYXBlJzogKDIsIDMpLCB9ICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIAoAPgDAgEIARB8dAMY=")]
    [InlineData(
        "<f4 F",
        "k05VTVBZAQB2AHsnZGVzY3InOiAnPGY0JywgJ2ZvcnRyYW5fb3JkZXInOiBUcnVlLCAnc2hhcGUnOiAoMiwgMyksIH0gICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIAoAAMA/AACAQAAAAMAK16M7AABQQAAAwMA=")]
    [InlineData(
        "<f8 F",
        "k05VTVBZAQB2AHsnZGVzY3InOiAnPGY4JywgJ2ZvcnRyYW5fb3JkZXInOiBUcnVlLCAnc2hhcGUnOiAoMiwgMyksIH0gICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIAoAAAAAAAD4PwAAAAAAABBAAAAAAAAAAMB7FK5H4Xp0PwAAAAAAAApAAAAAAAAAGMA=")]
    public void A_matrix_of_any_float_type_and_order_is_read_row_by_row(string kind, string file)
    {
        var matrix = ArrayFile.ReadLogits(Write("a.npy", file));
        Assert.Equal((2, 3, false), (matrix.Rows, matrix.Columns, matrix.IsVector));
        var precision = kind[2] == '8' ? 0 : kind[2] == '4' ? 1e-7 : 1e-3; // half an ulp of the narrower types
        for (var i = 0; i < Expected.Length; i++)
            Assert.Equal(Expected[i], matrix.Values.Span[i], precision * Math.Abs(Expected[i]));

        Assert.Equal(4, matrix.Row(1)[0]);
    }

    [Theory]
    [InlineData(
        "<i8",
        "k05VTVBZAQB2AHsnZGVzY3InOiAnPGk4JywgJ2ZvcnRyYW5fb3JkZXInOiBGYWxzZSwgJ3NoYXBlJzogKDQsKSwgfSAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIAoAAAAAAAAAAAMAAAAAAAAAAgAAAAAAAAD6AAAAAAAAAA==")]
    [InlineData(
        "<i4",
        "k05VTVBZAQB2AHsnZGVzY3InOiAnPGk0JywgJ2ZvcnRyYW5fb3JkZXInOiBGYWxzZSwgJ3NoYXBlJzogKDQsKSwgfSAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIAoAAAAAAwAAAAIAAAD6AAAA")]
    [InlineData(
        "<i2",
        "k05VTVBZAQB2AHsnZGVzY3InOiAnPGkyJywgJ2ZvcnRyYW5fb3JkZXInOiBGYWxzZSwgJ3NoYXBlJzogKDQsKSwgfSAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIAoAAAMAAgD6AA==")]
    [InlineData(
        "|u1",
        "k05VTVBZAQB2AHsnZGVzY3InOiAnfHUxJywgJ2ZvcnRyYW5fb3JkZXInOiBGYWxzZSwgJ3NoYXBlJzogKDQsKSwgfSAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIAoAAwL6")]
    [InlineData(
        "<u4",
        "k05VTVBZAQB2AHsnZGVzY3InOiAnPHU0JywgJ2ZvcnRyYW5fb3JkZXInOiBGYWxzZSwgJ3NoYXBlJzogKDQsKSwgfSAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIAoAAAAAAwAAAAIAAAD6AAAA")]
    [InlineData(
        ">i4",
        "k05VTVBZAQB2AHsnZGVzY3InOiAnPmk0JywgJ2ZvcnRyYW5fb3JkZXInOiBGYWxzZSwgJ3NoYXBlJzogKDQsKSwgfSAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIAoAAAAAAAAAAwAAAAIAAAD6")]
    [InlineData(
        "<u8",
        "k05VTVBZAQB2AHsnZGVzY3InOiAnPHU4JywgJ2ZvcnRyYW5fb3JkZXInOiBGYWxzZSwgJ3NoYXBlJzogKDQsKSwgfSAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIAoAAAAAAAAAAAMAAAAAAAAAAgAAAAAAAAD6AAAAAAAAAA==")]
    [InlineData(
        "<u2",
        "k05VTVBZAQB2AHsnZGVzY3InOiAnPHUyJywgJ2ZvcnRyYW5fb3JkZXInOiBGYWxzZSwgJ3NoYXBlJzogKDQsKSwgfSAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIAoAAAMAAgD6AA==")]
    public void Labels_of_any_integer_type_are_read(string kind, string file)
    {
        Assert.NotEmpty(kind);
        Assert.Equal([0, 3, 2, 250], ArrayFile.ReadLabels(Write("y.npy", file), 251));
        Assert.Contains("label 3 is 250", Message(() => ArrayFile.ReadLabels(Write("y.npy", file), 250)), StringComparison.Ordinal);
    }

    [Fact]
    public void An_archive_of_one_array_needs_no_name_and_one_of_several_does()
    {
        Assert.Equal(1.5, ArrayFile.Read(Write("one.npz", OneCompressed)).Row(0)[0]);
        var two = Write("two.npz", TwoArrays);
        Assert.Equal(Expected, ArrayFile.Read(two + ":logits").Values.ToArray());
        Assert.Equal([0, 3, 2, 250], ArrayFile.ReadLabels(two + ":labels", 251));
        Assert.Contains("logits, labels", Message(() => ArrayFile.Read(two)), StringComparison.Ordinal);
        Assert.Contains("'weights'", Message(() => ArrayFile.Read(two + ":weights")), StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_cut_anywhere_is_a_clear_error()
    {
        foreach (var (name, content) in new[] { ("cut.npy", Doubles), ("cut.npz", OneCompressed) })
        {
            var bytes = Convert.FromBase64String(content);
            for (var length = 0; length < bytes.Length; length++)
            {
                var path = Path.Combine(_folder, name);
                File.WriteAllBytes(path, bytes[..length]);
                Message(() => ArrayFile.Read(path));
            }
        }
    }

    [Fact]
    public void A_shape_larger_than_the_file_is_an_error_before_memory_is_taken()
    {
        var bytes = Convert.FromBase64String(Doubles);
        var shape = bytes.AsSpan().IndexOf("(2, 3), }         "u8);
        "(99999999999, 3)} "u8.CopyTo(bytes.AsSpan(shape));
        var path = Path.Combine(_folder, "huge.npy");
        File.WriteAllBytes(path, bytes);
        Assert.Contains("(99999999999, 3)", Message(() => ArrayFile.Read(path)), StringComparison.Ordinal);
    }

    [Theory]
    // object
    [InlineData(
        "k05VTVBZAQB2AHsnZGVzY3InOiAnfE8nLCAnZm9ydHJhbl9vcmRlcic6IEZhbHNlLCAnc2hhcGUnOiAoMiwpLCB9ICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIAqAA2NudW1weS5jb3JlLm11bHRpYXJyYXkKX3JlY29uc3RydWN0CnEAY251bXB5Cm5kYXJyYXkKcQFLAIVxAkMBYnEDh3EEUnEFKEsBSwKFcQZjbnVtcHkKZHR5cGUKcQdYAgAAAE84cQiJiIdxCVJxCihLA1gBAAAAfHELTk5OSv////9K/////0s/dHEMYoldcQ0oSwFYAQAAAGFxDmV0cQ9iLg==")]
    // complex
    [InlineData(
        "k05VTVBZAQB2AHsnZGVzY3InOiAnPGMxNicsICdmb3J0cmFuX29yZGVyJzogRmFsc2UsICdzaGFwZSc6ICgxLCksIH0gICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIAoAAAAAAADwPwAAAAAAAABA")]
    // cube
    [InlineData(
        "k05VTVBZAQB2AHsnZGVzY3InOiAnPGY4JywgJ2ZvcnRyYW5fb3JkZXInOiBGYWxzZSwgJ3NoYXBlJzogKDIsIDIsIDIpLCB9ICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIAoAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    // scalar
    [InlineData(
        "k05VTVBZAQB2AHsnZGVzY3InOiAnPGY4JywgJ2ZvcnRyYW5fb3JkZXInOiBGYWxzZSwgJ3NoYXBlJzogKCksIH0gICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIAoAAAAAAAAIQA==")]
    // structured
    [InlineData(
        "k05VTVBZAQB2AHsnZGVzY3InOiBbKCdhJywgJzxpNCcpLCAoJ2InLCAnPGY4JyldLCAnZm9ydHJhbl9vcmRlcic6IEZhbHNlLCAnc2hhcGUnOiAoMSwpLCB9ICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIAoBAAAAAAAAAAAAAEA=")]
    public void An_array_that_is_no_vector_or_matrix_of_numbers_is_a_clear_error(string file) =>
        Message(() => ArrayFile.Read(Write("bad.npy", file)));

    [Theory]
    [InlineData("{'descr': '<f8', 'fortran_order': False, 'shape': (2, 3), }")]
    [InlineData("{'shape': (2, 3), 'fortran_order': False, 'descr': '<f8'}")]
    [InlineData("{\"descr\": \"<f8\", \"fortran_order\": False, \"shape\": (2, 3)}")]
    [InlineData("{'descr': '<f8', 'fortran_order': False, 'shape': (2L, 3L), }")]
    [InlineData("  { 'fortran_order' :False ,'descr':'<f8','shape':( 2 ,3, ) , } ")]
    [InlineData("{u'descr': u'<f8', u'fortran_order': False, u'shape': (2, 3)}")]
    [InlineData("{'descr': 'float64', 'fortran_order': False,\n 'shape': (2, 3)}")]
    [InlineData("{'descr': 'd', 'fortran_order': False, 'shape': (2, 3)}")]
    public void A_header_is_any_dictionary_of_the_three_entries_in_every_version(string header)
    {
        for (var version = 1; version <= 3; version++)
        {
            Assert.Equal(Expected, ArrayFile.Read(WriteArray(header, version)).Values.ToArray());
        }
    }

    [Theory]
    [InlineData("{'descr': '<f8', 'descr': '<f8', 'shape': (2, 3)}")]
    [InlineData("{'descr': '<f8', 'fortran_order': False}")]
    [InlineData("{'descr': \"<f8', 'fortran_order': False, 'shape': (2, 3)}")]
    [InlineData("{'descr': '<f8', 'fortran_order': 0, 'shape': (2, 3)}")]
    public void A_header_without_each_of_them_is_refused(string header) =>
        Assert.Contains(
            "expected a header with descr, fortran_order and shape", Message(() => ArrayFile.Read(WriteArray(header, version: 1))),
            StringComparison.Ordinal);

    [Theory]
    [InlineData("1,2\n3,4\n")]
    [InlineData("1;2\r\n3;4")]
    [InlineData("a,b\n1.0,2e0\n\n3,4\n")]
    [InlineData("# written by savetxt\n1 2\n3  4 \n")]
    [InlineData("1\t2\n 3 , 4\n")]
    public void Text_is_read_in_any_common_dialect(string text)
    {
        var matrix = ArrayFile.ReadLogits(WriteText("a.csv", text));
        Assert.Equal([1, 2, 3, 4], matrix.Values.ToArray());
        Assert.Equal((2, 2), (matrix.Rows, matrix.Columns));
    }

    [Theory]
    [InlineData("1,2\n3,x\n", "line 2: expected numbers, but found 'x'")]
    [InlineData("a,b\n1,2\nc,d\n", "line 3: expected numbers, but found 'c'")]
    [InlineData("1,2\n3\n", "line 2: expected 2 numbers as in the lines before, but found 1")]
    [InlineData("1,,2\n", "line 1: expected numbers, but found ''")]
    [InlineData("a,b,c\n1,2,\n3,4,\n", "line 2: expected numbers, but found ''")]
    [InlineData("1,\n", "shape [1, 1]")]
    [InlineData("", "shape [0, 0]")]
    [InlineData("1\n2\n", "shape [2, 1]")]
    public void Text_that_is_no_matrix_is_named_by_its_line(string text, string expected) =>
        Assert.Contains(expected, Message(() => ArrayFile.ReadLogits(WriteText("a.csv", text))), StringComparison.Ordinal);

    [Fact]
    public void Labels_are_read_from_text()
    {
        Assert.Equal([2, 0, 1], ArrayFile.ReadLabels(WriteText("y.txt", "label\n2\n0\n1\n"), 3));
        Assert.Contains("label 1 is 0.5", Message(() => ArrayFile.ReadLabels(WriteText("y.txt", "0\n0.5\n"), 3)), StringComparison.Ordinal);
        Assert.Contains("label 0 is -1", Message(() => ArrayFile.ReadLabels(WriteText("y.txt", "-1\n"), 3)), StringComparison.Ordinal);
        Message(() => ArrayFile.ReadLabels(WriteText("y.txt", "1,2\n"), 3));
    }

    [Fact]
    public void A_row_comes_as_soon_as_its_line()
    {
        using var reader = new LinesThenFailure("1,2");
        using var rows = CsvRows.Read(reader, "stdin").GetEnumerator();
        Assert.True(rows.MoveNext());
        Assert.Equal([1, 2], rows.Current);
        Assert.Throws<NotSupportedException>(() => rows.MoveNext());
    }

    [Theory]
    [InlineData("1,2\n3,4\n")]
    [InlineData("1;2\n3;4\n")]
    [InlineData("1,0;2,0\n3;4,0\n")]
    [InlineData(",a,b\n7,1,2\n9,3,4\n")]
    [InlineData("\ta\tb\r\n7\t1\t2\t\r\n9\t3\t4\t\r\n")]
    [InlineData("a b\n7 1 2\n9 3 4\n")]
    [InlineData("1\t2\n3 , 4\n")]
    public void Rows_of_a_known_length_come_as_their_table_would(string text)
    {
        using var reader = new StringReader(text);
        Assert.Equal([[1, 2], [3, 4]], CsvRows.Read(reader, "stdin", 2));
    }

    [Theory]
    [InlineData("0,1,2\n5,4,3\n", 1)]
    [InlineData("0,1,3\n5,4,3\n", 0)]
    [InlineData("id,a,b,c\n0,5,4,3\n", 1)]
    public void What_a_stream_leaves_out_is_noted(string text, int notes)
    {
        var noted = new List<string>();
        using var reader = new StringReader(text);
        Assert.Equal([5, 4, 3], CsvRows.Read(reader, "stdin", 3, noted.Add).Last());
        Assert.Equal(notes, noted.Count);
    }

    [Theory]
    [InlineData("1,2\nx,4\n", "stdin, line 2: expected numbers, but found 'x'")]
    [InlineData("1,2\n3\n", "stdin, line 2: expected 2 numbers as in the lines before, but found 1")]
    [InlineData("1,234;5\n", "'1,234' may have a decimal comma")]
    [InlineData("1.5;2\n3,5;2\n", "line 2: '3,5' may have a decimal comma")]
    public void A_stream_names_the_line_that_is_no_row(string text, string expected)
    {
        using var reader = new StringReader(text);
        Assert.Contains(expected, Message(() => _ = CsvRows.Read(reader, "stdin", 2).ToArray()), StringComparison.Ordinal);
    }

    [Fact]
    public void A_missing_file_or_an_unknown_kind_is_named()
    {
        Assert.Throws<FileNotFoundException>(() => ArrayFile.Read(Path.Combine(_folder, "none.npy")));
        Assert.Contains("a.bin", Message(() => ArrayFile.Read(WriteText("a.bin", ""))), StringComparison.Ordinal);
        Assert.Contains("numpy.save", Message(() => ArrayFile.Read(WriteText("text.npy", "1,2,3,4,5,6"))), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("a.csv", "1,\u001b[31m\n", "'?[31m'")]
    [InlineData("a.npy", "\u0093NUMPY\u0001\u0000\u0006\u0000{\n\u001b}\n\n", "{??}")]
    public void What_a_message_quotes_of_a_file_is_plain_text(string name, string content, string expected)
    {
        var path = Path.Combine(_folder, name);
        File.WriteAllBytes(path, Encoding.Latin1.GetBytes(content));
        var message = Message(() => ArrayFile.Read(path));
        Assert.Contains(expected, message, StringComparison.Ordinal);
        Assert.DoesNotContain(message, char.IsControl);
    }

    [Fact]
    public void A_long_field_is_not_quoted_whole() =>
        Assert.InRange(Message(() => ArrayFile.Read(WriteText("a.csv", "1," + new string('x', 100_000)))).Length, 1, 400);

    [Fact]
    public void An_archive_that_claims_more_than_it_can_hold_is_refused_before_memory_is_set_aside()
    {
        var bytes = Convert.FromBase64String(OneCompressed);
        var directory = bytes.AsSpan().LastIndexOf("PK\u0001\u0002"u8);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(directory + 24), 2_000_000_000);
        var path = Path.Combine(_folder, "a.npz");
        File.WriteAllBytes(path, bytes);
        Assert.Contains("claims 2000000000 bytes in 92", Message(() => ArrayFile.Read(path)), StringComparison.Ordinal);
    }

    [Fact]
    public void An_archive_with_a_damaged_directory_is_named()
    {
        var bytes = Convert.FromBase64String(TwoArrays);
        bytes[^12] = 9; // The number of entries.
        bytes[^14] = 9;
        var path = Path.Combine(_folder, "a.npz");
        File.WriteAllBytes(path, bytes);
        Assert.Contains(path, Message(() => ArrayFile.Read(path)), StringComparison.Ordinal);
    }

    private static string Message(Action read)
    {
        var message = Assert.Throws<InvalidDataException>(read).Message;
        Assert.DoesNotContain('\n', message);
        return message;
    }

    private string Write(string name, string content)
    {
        var path = Path.Combine(_folder, name);
        File.WriteAllBytes(path, Convert.FromBase64String(content));
        return path;
    }

    private string WriteArray(string header, int version)
    {
        var text = Encoding.UTF8.GetBytes(header + "\n");
        byte[] length = version == 1 ? [(byte)text.Length, 0] : [(byte)text.Length, 0, 0, 0];
        var path = Path.Combine(_folder, "h.npy");
        File.WriteAllBytes(path, [0x93, .. "NUMPY"u8, (byte)version, 0, .. length, .. text, .. Expected.SelectMany(BitConverter.GetBytes)]);
        return path;
    }

    private string WriteText(string name, string content)
    {
        var path = Path.Combine(_folder, name);
        File.WriteAllText(path, content);
        return path;
    }

    private sealed class LinesThenFailure(string line) : TextReader
    {
        private bool _isRead;

        public override string? ReadLine()
        {
            if (_isRead)
                throw new NotSupportedException();

            _isRead = true;
            return line;
        }
    }
}
