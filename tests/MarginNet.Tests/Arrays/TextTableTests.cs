using System.Globalization;
using System.Text;
using MarginNet.Arrays;

namespace MarginNet.Tests.Arrays;

/// <summary>One table, written as programs and spreadsheets write it, is the same table.</summary>
public sealed class TextTableTests : IDisposable
{
    private const int Rows = 12;
    private const int Columns = 3;

    private static readonly double[][] Table = Draw();

    private readonly TemporaryFolder _folder = new();

    public static TheoryData<string, string> Writings() => new()
    {
        { "plain", Lines(",") },
        { "semicolons and decimal commas", Lines(";", decimalMark: ',') },
        { "tabs and decimal commas", Lines("\t", decimalMark: ',') },
        { "spaces and decimal commas", Lines(" ", decimalMark: ',') },
        { "quoted decimal commas", Lines(",", decimalMark: ',', quote: "\"") },
        { "everything quoted", Lines(",", "\"a\",\"b\",\"c\"", quote: "\"") },
        { "comma and space", Lines(", ") },
        { "a header", Lines(",", "cat,dog,bird") },
        { "a header with a separator in quotes", Lines(",", "\"cat, big\",\"dog \"\"x\"\"\",bird") },
        { "a title of one word", Lines(",", "scores") },
        { "a header of numbers", Lines(",", "0,1,2") },
        { "a header of numbers and decimal commas", Lines(";", "0;1;2", ',') },
        { "a header of numbers from 1", Lines(",", "1,2,3") },
        { "pandas", Lines(",", ",0,1,2", index: row => Text(row)) },
        { "pandas with tabs", Lines("\t", "\t0\t1\t2", index: row => Text(row)) },
        { "pandas with decimal commas", Lines(";", ";0;1;2", ',', row => Text(row)) },
        { "pandas of shuffled rows", Lines(",", ",a,b,c", index: row => Text(row * 7 % 31)) },
        { "pandas of joined frames", Lines(",", ",a,b,c", index: row => Text(row % 5)) },
        { "pandas with an index of decimals", Lines(",", ",a,b,c", index: row => Text(row) + ".0") },
        { "pandas read and written again", Lines(",", "Unnamed: 0,a,b,c", index: row => Text(row)) },
        { "pandas to_string", Lines("  ", "   0  1  2", index: row => Text(row)) },
        { "two index columns", Lines(",", ",,a,b,c", index: row => $"{row / 2},{row % 2}") },
        { "an id", Lines(",", "id,a,b,c", index: row => Text(1000 - row)) },
        { "an index without header", Lines(",", index: row => Text(row)) },
        { "an index from 1 under any name", Lines(",", "nr,a,b,c", index: row => Text(row + 1)) },
        { "R's write.table", Lines(" ", "\"V1\" \"V2\" \"V3\"", index: row => $"\"{row + 1}\"") },
        { "R's write.csv2", Lines(";", "\"\";\"V1\";\"V2\";\"V3\"", ',', row => $"\"{row + 1}\"") },
        { "names of files in front", Lines(",", "file,a,b,c", index: row => $"{row}.png") },
        { "names of files in front without header", Lines(",", index: row => $"{row}.png") },
        { "thousands by commas", Lines(";", scale: 1000, group: ",") },
        { "thousands by commas in quotes", Lines(",", scale: 1000, group: ",", quote: "\"") },
        { "thousands by points", Lines(";", decimalMark: ',', scale: 1000, group: ".") },
        { "thousands by spaces", Lines("\t", decimalMark: ',', scale: 1000, group: "\u00a0") },
        { "thousands by apostrophes", Lines(",", scale: 1000, group: "'") },
        { "the minus of typography", Lines(",").Replace('-', '\u2212') },
        { "Windows' line ends", Lines(",", "a,b,c").Replace("\n", "\r\n", StringComparison.Ordinal) },
        { "old line ends", Lines(",", "a,b,c").Replace('\n', '\r') },
        { "a separator after the last", Lines(",", "a,b,c").Replace("\n", ",\n", StringComparison.Ordinal) },
        { "two separators after the last", Lines(";", "a;b;c").Replace("\n", ";;\n", StringComparison.Ordinal) },
        { "a separator in front of all", "\t" + Lines("\t").Replace("\n", "\n\t", StringComparison.Ordinal).TrimEnd('\t') },
        { "empty lines", "\n\n" + Lines(",", "a,b,c").Replace("\n", "\n \n", StringComparison.Ordinal) },
        { "comments", "# from a run, with commas\n" + Lines(",", "a,b,c") + "# end\n" },
        { "the separator of spreadsheets", "sep=;\n" + Lines(";", "a;b;c", ',') },
    };

    public void Dispose() => _folder.Dispose();

    [Theory]
    [MemberData(nameof(Writings))]
    public void A_table_is_the_same_however_it_is_written(string kind, string text)
    {
        File.WriteAllText(_folder["x.csv"], text);
        var read = ArrayFile.ReadLogits(_folder["x.csv"]);
        var scale = kind.StartsWith("thousands", StringComparison.Ordinal) ? 1000 : 1;
        Assert.Equal((Rows, Columns), (read.Rows, read.Columns));
        Assert.Equal(Table.SelectMany(row => row).Select(value => Math.Round(scale * value, 4)), read.Values.ToArray());
    }

    [Theory]
    [InlineData("utf-8")]
    [InlineData("utf-16")]
    [InlineData("utf-16BE")]
    [InlineData("utf-32")]
    public void A_byte_order_mark_is_no_part_of_the_table(string encoding)
    {
        var text = Lines("\t", "\t0\t1\t2", index: row => Text(row));
        File.WriteAllText(
            _folder["x.txt"],
            text,
            encoding == "utf-8" ? new UTF8Encoding(encoderShouldEmitUTF8Identifier: true) : Encoding.GetEncoding(encoding));
        Assert.Equal(Table.SelectMany(row => row), ArrayFile.ReadLogits(_folder["x.txt"]).Values.ToArray());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void UTF_16_is_known_without_a_mark(bool isBigEndian)
    {
        File.WriteAllBytes(_folder["x.csv"], new UnicodeEncoding(isBigEndian, byteOrderMark: false).GetBytes(Lines(",")));
        Assert.Equal(Table.SelectMany(row => row), ArrayFile.ReadLogits(_folder["x.csv"]).Values.ToArray());
    }

    [Fact]
    public void A_text_that_is_no_UTF_8_is_read_as_Latin_1()
    {
        File.WriteAllBytes(_folder["x.csv"], Encoding.Latin1.GetBytes(Lines(";", "K\u00e4se;b;c", ',', scale: 1000, group: "\u00a0")));
        var read = ArrayFile.ReadLogits(_folder["x.csv"]);
        Assert.Equal("K\u00e4se", read.ColumnNames[0]);
        Assert.Equal(Math.Round(1000 * Table[0][0], 4), read.Row(0)[0]);
    }

    [Fact]
    public void What_is_left_out_is_noted_and_what_is_kept_is_named()
    {
        File.WriteAllText(_folder["x.csv"], "id,file,cat,dog,label\n7,a.png,1.5,2,0\n9,b.png,2.5,-1,1\n");
        var read = ArrayFile.ReadLogits(_folder["x.csv"]);
        Assert.Equal(["cat", "dog"], read.ColumnNames.ToArray());
        Assert.Equal([1.5, 2, 2.5, -1], read.Values.ToArray());
        Assert.Collection(
            read.Notes,
            note => Assert.Contains("the column 'id' numbers the rows", note, StringComparison.Ordinal),
            note => Assert.Contains("the column 'file' holds no numbers", note, StringComparison.Ordinal),
            note => Assert.Contains("the column 'label' holds whole numbers", note, StringComparison.Ordinal));
        Assert.All(read.Notes, note => Assert.StartsWith(_folder["x.csv"], note, StringComparison.Ordinal));
        Assert.Equal(3, ArrayFile.Read(_folder["x.csv"]).Columns); // Numbers of any meaning.
    }

    [Fact]
    public void A_plain_table_has_no_notes()
    {
        File.WriteAllText(_folder["x.csv"], Lines(",", "a,b,c"));
        Assert.Empty(ArrayFile.ReadLogits(_folder["x.csv"]).Notes);
    }

    [Theory]
    [InlineData("0,1,2\n3,4,5\n6,7,8\n", 3)] // numpy.arange
    [InlineData("0,1\n1,0\n3,2\n", 3)]
    [InlineData("1,2\n2,1\n3,5\n", 3)]
    [InlineData("3,0.5\n4,1.5\n5,2.5\n", 3)] // Counts, but from 3.
    [InlineData("7,5,3\n2,1,0\n", 2)]
    public void Numbers_that_may_be_data_are_data(string text, int rows)
    {
        File.WriteAllText(_folder["x.csv"], text);
        var read = ArrayFile.ReadLogits(_folder["x.csv"]);
        Assert.Equal((rows, text.Split('\n')[0].Split(',').Length), (read.Rows, read.Columns));
    }

    [Theory]
    [InlineData("3,28,1,71\n0,05,-1,2\n", "decimal commas")]
    [InlineData("a,b\n3,28,1,71\n5,45,-1,23\n", "decimal commas")]
    [InlineData("3,28,1,71\n-0,55,1,23\n", "decimal commas")]
    [InlineData("3,28,1,71\n5,1,23\n", "decimal commas")]
    [InlineData("1,234;5,678\n2,345;6,789\n", "decimal comma or part thousands")]
    [InlineData("1,5;2\n2.5;3\n", "line 2 has '2.5' with a decimal point, and line 1 has '1,5' with a decimal comma")]
    [InlineData("1;2,5\t3\n4;5,5\t6\n", "its commas may part numbers or stand before decimals")]
    public void Commas_that_may_mean_either_are_refused_by_their_cause(string text, string expected)
    {
        File.WriteAllText(_folder["x.csv"], text);
        var message = Assert.Throws<InvalidDataException>(() => ArrayFile.ReadLogits(_folder["x.csv"])).Message;
        Assert.Contains(expected, message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', message);
    }

    [Fact]
    public void A_line_longer_than_any_buffer_is_read()
    {
        var values = Enumerable.Range(0, 50_000).Select(i => i + 0.5).ToArray();
        var line = string.Join(',', values.Select(Text));
        File.WriteAllText(_folder["x.csv"], $"{line}\r\n{line}");
        var read = ArrayFile.ReadLogits(_folder["x.csv"]);
        Assert.Equal((2, values.Length), (read.Rows, read.Columns));
        Assert.Equal(values, read.Row(1).ToArray());
    }

    [PythonFact]
    public void What_pandas_writes_is_what_it_had()
    {
        File.WriteAllText(_folder["write.py"], """
            import sys
            try:
                import pandas
            except ImportError:
                print("none"); sys.exit()
            frame = pandas.DataFrame([[float(v) for v in row.split()] for row in sys.argv[2:]])
            named = frame.rename(columns={0: 'cat', 1: 'dog', 2: 'bird'})
            for i, options in enumerate([{}, {'index': False}, {'decimal': ','}, {'sep': ';', 'decimal': ','}, {'sep': ';', 'decimal': ',', 'index': False},
                                         {'sep': '\t'}, {'index_label': 'id'}, {'header': False}, {'quoting': 1}, {'encoding': 'utf-16', 'sep': '\t'}, {'encoding': 'utf-8-sig'}]):
                frame.to_csv(f'{sys.argv[1]}/{i}.csv', **options)
                named.to_csv(f'{sys.argv[1]}/{i}n.csv', **options)
            """);
        string[] rows = [.. Table.Select(row => string.Join(' ', row.Select(Text)))];
        if (PythonFactAttribute.Run(_folder["write.py"], [_folder["."], .. rows]).Trim() == "none")
        {
            return; // PyTorch is there, pandas is not.
        }

        var files = Directory.GetFiles(_folder["."], "*.csv");
        Assert.Equal(22, files.Length);
        Assert.All(files, file => Assert.Equal(Table.SelectMany(row => row), ArrayFile.ReadLogits(file).Values.ToArray()));
    }

    private static double[][] Draw()
    {
        var random = new Random(5);
        return [.. Enumerable.Range(0, Rows)
            .Select(_ => Enumerable.Range(0, Columns).Select(_ => Math.Round((20 * random.NextDouble()) - 10, 4)).ToArray())];
    }

    private static string Text(int value) => value.ToString(CultureInfo.InvariantCulture);

    private static string Text(double value) => value.ToString("r", CultureInfo.InvariantCulture);

    private static string Lines(
        string separator, string? header = null, char decimalMark = '.', Func<int, string>? index = null, string quote = "",
        double scale = 1, string group = "")
    {
        var culture = (CultureInfo)CultureInfo.InvariantCulture.Clone();
        culture.NumberFormat.NumberDecimalSeparator = decimalMark.ToString();
        culture.NumberFormat.NumberGroupSeparator = group;
        var lines = Table.Select((row, i) => (index is null ? "" : index(i) + separator)
            + string.Join(
                separator,
                row.Select(value => quote + (scale * value).ToString(group.Length > 0 ? "#,0.0###" : "0.0###", culture) + quote)));
        return string.Concat(new[] { header }.OfType<string>().Concat(lines).Select(line => line + "\n"));
    }
}
