using System.Buffers;
using System.Globalization;
using MarginNet.Checkpoints;

namespace MarginNet.Arrays;

/// <summary>
/// Numbers as text, one row a line, each read as soon as its line has come. <see cref="ArrayFile.Read"/> reads a whole file, and from
/// all of it understands more: decimal commas, an index column, a header of numbers.
/// </summary>
public static class CsvRows
{
    private static readonly SearchValues<char> WholeCharacters = SearchValues.Create("+-0123456789, ");

    /// <summary>
    /// Reads row after row, parted by commas, semicolons or tabs, or else by spaces. Empty lines and those that begin with # are
    /// skipped, and so is a first line that begins with a name instead of a number.
    /// </summary>
    /// <param name="reader">The text; it is not disposed.</param>
    /// <param name="name">What messages call the text, such as its path.</param>
    /// <returns>The rows, all of one length, each an array of its own.</returns>
    /// <exception cref="InvalidDataException">A line holds something else than numbers, or fewer or more than the first;
    /// the message names the line.</exception>
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
            {
                var cure = IsWhole(text)
                    ? " Where its numbers have decimal commas, write points, or separate the numbers by ; or tabs."
                    : "";
                throw new InvalidDataException(
                    $"{name}, line {line}: expected {columns} numbers as in the lines before, but found {numbers.Count}.{cure}");
            }

            ThrowIfDoubtful(text, $"{name}, line {line}");
            columns = numbers.Count;
            yield return [.. numbers];
        }
    }

    /// <summary>Reads rows of a known length, by which separator, decimal commas and an index column show in the first of them.</summary>
    /// <param name="reader">The text; it is not disposed.</param>
    /// <param name="name">What messages call the text, such as its path.</param>
    /// <param name="columns">The numbers in a row, at least 2.</param>
    /// <param name="note">Told what is left out or taken otherwise than it may seem, a line each; null, the default, for nobody.</param>
    /// <returns>The rows, each an array of its own; one of another length where a line has more or fewer
    /// numbers and nothing tells why.</returns>
    /// <exception cref="InvalidDataException">A line holds something else than numbers, or commas that may stand before decimals or not;
    /// the message names the line.</exception>
    public static IEnumerable<double[]> Read(TextReader reader, string name, int columns, Action<string>? note = null) =>
        new RowStream(reader, name, columns, note).Read();

    /// <summary>Reads one row of any length, parted by any of the separators.</summary>
    internal static double[] ParseRow(string text, string where)
    {
        var numbers = new List<double>();
        if (Parse(text, numbers) is { } invalid)
            throw new InvalidDataException($"{where}: expected numbers, but found {FileText.Quote(invalid)}.");

        ThrowIfDoubtful(text, where);
        return [.. numbers];
    }

    /// <summary>Refuses a line with two separators and commas between whole numbers, each of which may be a decimal comma.</summary>
    private static void ThrowIfDoubtful(ReadOnlySpan<char> text, string where)
    {
        for (var at = text.IndexOfAny(';', '\t') < 0 || text.Contains('.') ? -1 : text.IndexOf(','); at >= 0;)
        {
            if (at > 0 && at + 1 < text.Length && char.IsAsciiDigit(text[at - 1]) && char.IsAsciiDigit(text[at + 1]))
                throw new InvalidDataException(
                    $"{where}: its commas may part numbers or stand before decimals; write decimal points and one separator.");

            var next = text[(at + 1)..].IndexOf(',');
            at = next < 0 ? -1 : at + 1 + next;
        }
    }

    private static bool IsWhole(ReadOnlySpan<char> text) => text.Contains(',') && text.IndexOfAnyExcept(WholeCharacters) < 0;

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
