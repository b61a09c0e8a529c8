using System.Globalization;
using MarginNet.Checkpoints;

namespace MarginNet.Arrays;

/// <summary>
/// Numbers as text, one row a line, parted by commas, semicolons or tabs, or else by spaces.
/// Empty lines and those that begin with # are skipped, and so is a first line that begins with a name instead of a number.
/// </summary>
public static class CsvRows
{
    /// <summary>Reads row after row, each as soon as its line has come.</summary>
    /// <param name="reader">The text; it is not disposed.</param>
    /// <param name="name">What messages call the text, such as its path.</param>
    /// <returns>The rows, all of one length, each an array of its own.</returns>
    /// <exception cref="InvalidDataException">A line holds something else than numbers, or fewer or more than the first; the message names the line.</exception>
    public static IEnumerable<double[]> Read(TextReader reader, string name)
    {
        var numbers = new List<double>();
        var (columns, mayBeNames) = (0, true);
        for (var line = 1; reader.ReadLine() is { } text; line++)
        {
            if (string.IsNullOrWhiteSpace(text) || text[0] == '#')
                continue;

            numbers.Clear();
            var invalid = Parse(text, numbers);
            var areNames = mayBeNames && invalid is not null && numbers.Count == 0;
            mayBeNames = false;
            if (areNames)
                continue;
            if (invalid is not null)
                throw new InvalidDataException($"{name}, line {line}: expected numbers, but found {FileText.Quote(invalid)}.");
            if (columns != 0 && numbers.Count != columns)
                throw new InvalidDataException($"{name}, line {line}: expected {columns} numbers as in the lines before, but found {numbers.Count}.");

            columns = numbers.Count;
            yield return [.. numbers];
        }
    }

    internal static NumericArray ReadAll(TextReader reader, string name)
    {
        var values = new List<double>();
        var (rows, columns) = (0, 0);
        foreach (var row in Read(reader, name))
        {
            values.AddRange(row);
            columns = row.Length;
            rows++;
        }

        return new NumericArray(values.ToArray(), rows, columns, IsVector: false);
    }

    /// <summary>Adds the numbers of a line and returns the first field that is none, or null.</summary>
    private static string? Parse(ReadOnlySpan<char> text, List<double> numbers)
    {
        text = text.Trim();
        var isSpaced = text.IndexOfAny(',', ';', '\t') < 0;
        while (true)
        {
            var end = isSpaced ? text.IndexOf(' ') : text.IndexOfAny(',', ';', '\t');
            var field = end < 0 ? text : text[..end];
            if (!double.TryParse(field, NumberStyles.Float, CultureInfo.InvariantCulture, out var number))
                return field.ToString();

            numbers.Add(number);
            if (end < 0)
                return null;

            text = isSpaced ? text[end..].TrimStart() : text[(end + 1)..];
        }
    }
}
