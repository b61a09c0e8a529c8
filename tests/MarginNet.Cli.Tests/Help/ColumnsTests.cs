using MarginNet.Cli.Help;

namespace MarginNet.Cli.Tests.Help;

public sealed class ColumnsTests
{
    [Theory]
    [InlineData("", 10, "")]
    [InlineData("one two three", 13, "one two three")]
    [InlineData("one two three", 12, "one two|three")]
    [InlineData("one two three", 3, "one|two|three")]
    [InlineData("a incomprehensibilities b", 10, "a|incomprehensibilities|b")]
    public void Lines_break_between_words(string text, int width, string expected) =>
        Assert.Equal(expected, string.Join('|', Columns.Wrap(text, width)));

    [Fact]
    public void A_name_too_long_for_its_column_stands_alone()
    {
        using var output = new StringWriter { NewLine = "\n" };
        (string, string)[] rows = [("--a", "first"), ("--abcd", "second"), ("--abcde", "third thing that has to be wrapped")];
        Columns.Write(output, rows, nameWidth: 6, width: 34);
        string[] lines =
        [
            "  --a     first",
            "  --abcd  second",
            "  --abcde",
            "          third thing that has to",
            "          be wrapped",
            "",
        ];
        Assert.Equal(string.Join('\n', lines), output.ToString());
    }
}
