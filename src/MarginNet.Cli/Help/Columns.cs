namespace MarginNet.Cli.Help;

/// <summary>Names on the left, what they mean on the right, wrapped between words to the width of the terminal.</summary>
internal static class Columns
{
    private const int Indent = 2;
    private const int Gap = 2;
    private const int LeastMeaning = 24;

    /// <summary>Writes the rows. A name that is too long for its column has its meaning begin on the next line.</summary>
    /// <param name="output">Where to.</param>
    /// <param name="rows">The rows.</param>
    /// <param name="nameWidth">The width of the left column.</param>
    /// <param name="width">The width of a line.</param>
    public static void Write(TextWriter output, IEnumerable<(string Name, string Meaning)> rows, int nameWidth, int width)
    {
        var left = Indent + nameWidth + Gap;
        foreach (var (name, meaning) in rows)
        {
            var begin = new string(' ', Indent) + name;
            if (name.Length > nameWidth)
            {
                output.WriteLine(begin);
                begin = "";
            }

            foreach (var line in Wrap(meaning, Math.Max(LeastMeaning, width - left)))
            {
                output.WriteLine((begin.PadRight(left) + line).TrimEnd());
                begin = "";
            }
        }
    }

    /// <summary>Breaks a text into lines between words; a word that is longer than a line gets its own.</summary>
    public static IEnumerable<string> Wrap(string text, int width)
    {
        var line = "";
        foreach (var word in text.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            if (line.Length > 0 && line.Length + 1 + word.Length > width)
            {
                yield return line;
                line = "";
            }

            line += line.Length > 0 ? $" {word}" : word;
        }

        yield return line;
    }
}
