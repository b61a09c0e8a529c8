using System.Globalization;
using MarginNet.Checkpoints;

namespace MarginNet.Arrays;

/// <summary>Rows of a known length that come one by one, so that what the first of them shows holds for all.</summary>
/// <param name="reader">The text.</param>
/// <param name="name">What messages call it.</param>
/// <param name="columns">The numbers in a row.</param>
/// <param name="note">Told what is taken otherwise than it may seem.</param>
internal sealed class RowStream(TextReader reader, string name, int columns, Action<string>? note)
{
    private const int SomeColumns = 3;

    private char _separator = FieldReader.None;
    private bool _hasIndex;
    private DecimalMarks _marks = DecimalMarks.Either;
    private string? _header;

    public IEnumerable<double[]> Read()
    {
        var isFirst = true;
        for (var line = 1; reader.ReadLine() is { } text; line++)
        {
            if (string.IsNullOrWhiteSpace(text) || text[0] == '#')
                continue;
            if (isFirst && IsHeader(text))
            {
                (isFirst, _header) = (false, text);
                continue;
            }

            isFirst = false;
            var where = $"{name}, line {line}";
            var isAsBefore = _separator != FieldReader.None && FieldReader.Count(text, _separator) == columns + (_hasIndex ? 1 : 0);
            yield return isAsBefore || Choose(text) || _separator != FieldReader.None ? Parse(text, where) : CsvRows.ParseRow(text, where);
        }
    }

    /// <summary>Whether a first line begins with a name, or counts the columns.</summary>
    private bool IsHeader(string text)
    {
        foreach (var separator in TextTable.Separators)
        {
            var fields = FieldReader.Split(text, separator);
            if (fields.Length == columns && columns >= SomeColumns
                && fields.Index().All(field => field.Item == field.Index.ToString(CultureInfo.InvariantCulture)))
            {
                note?.Invoke($"{name}: the first line is 0 to {columns - 1}, so it was taken for the names of the columns.");
                return true;
            }

            if (NumberText.MarksOf(fields[0]) != DecimalMarks.None)
                return false;
        }

        return true;
    }

    /// <summary>Chooses the separator by which a line is a row, with or without an index that the header names.</summary>
    private bool Choose(string text)
    {
        foreach (var separator in TextTable.Separators)
        {
            var fields = FieldReader.Split(text, separator);
            string[] names = _header is null ? [] : FieldReader.Split(_header, separator);
            var hasIndex = fields.Length == columns + 1
                && (names.Length == columns || (names.Length == columns + 1 && TextTable.IsIndexName(names[0])));
            if ((fields.Length == columns || hasIndex)
                && fields.Skip(hasIndex ? 1 : 0).All(field => NumberText.MarksOf(field) != DecimalMarks.None))
            {
                (_separator, _hasIndex) = (separator, hasIndex);
                if (hasIndex)
                    note?.Invoke($"{name}: the column in front numbers the rows, so it is no data and is left out.");

                return true;
            }
        }

        return false;
    }

    private double[] Parse(string text, string where)
    {
        var numbers = new List<double>(columns);
        var fields = new FieldReader(text, _separator);
        _ = _hasIndex && fields.MoveNext();
        while (fields.MoveNext())
        {
            if (fields.Current.IsEmpty && numbers.Count == columns)
                continue; // After a last separator.

            numbers.Add(ParseNumber(fields.Current, where));
        }

        return numbers.Count == columns
            ? [.. numbers]
            : throw new InvalidDataException($"{where}: expected {columns} numbers as in the lines before, but found {numbers.Count}.");
    }

    private double ParseNumber(ReadOnlySpan<char> field, string where)
    {
        var marks = NumberText.MarksOf(field);
        if (marks == DecimalMarks.None)
            throw new InvalidDataException($"{where}: expected numbers, but found {FileText.Quote(field.ToString())}.");

        _marks &= marks;
        if (_marks == DecimalMarks.None || (_marks == DecimalMarks.Either && field.Contains(',')))
            throw new InvalidDataException(
                $"{where}: {FileText.Quote(field.ToString())} may have a decimal comma, or one between thousands: write decimal points.");

        _marks = _marks == DecimalMarks.Either && field.Contains('.') ? DecimalMarks.Point : _marks;
        _ = NumberText.TryParse(field, _marks == DecimalMarks.Comma ? DecimalMarks.Comma : DecimalMarks.Point, out var value);
        return value;
    }
}
