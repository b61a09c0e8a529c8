using System.Globalization;
using System.Text.Json;
using MarginNet.Cli.Output;

namespace MarginNet.Cli.Input;

/// <summary>The numbers of one column of CSV, or of one property of JSON lines: which of them the first line shows.</summary>
/// <param name="name">The column; null for the only one.</param>
/// <param name="source">What messages call the text.</param>
internal sealed class ValueColumn(string? name, string source)
{
    private const string Json = "{";
    private const string Nameless = "";

    private static readonly char[] Separators = [',', ';', '\t'];

    private bool _isDecided;
    private char _separator = ',';
    private int _index;

    /// <summary>What showed how to read the lines: the one that names the columns, { of JSON, nothing of numbers alone; null before the
    /// first line.</summary>
    public string? Header { get; private set; }

    /// <summary>Takes the header of an earlier part of the stream.</summary>
    /// <param name="header">The header.</param>
    /// <param name="isWithin">Whether what comes follows it, and cannot begin with a header of its own.</param>
    public void Resume(string? header, bool isWithin)
    {
        Header = header;
        _isDecided = isWithin && header is not null;
        if (header is not (null or Json or Nameless))
        {
            TakeHeader(header);
        }
    }

    /// <summary>Reads the number of a line; false where it is a header, empty or a comment.</summary>
    /// <param name="line">The line.</param>
    /// <param name="number">Its number.</param>
    /// <param name="isPValue">Whether it has to be in [0, 1].</param>
    /// <param name="value">The number in it.</param>
    /// <exception cref="UserErrorException">It has none; the message names the line.</exception>
    public bool TryRead(string line, long number, bool isPValue, out double value)
    {
        value = 0;
        if (string.IsNullOrWhiteSpace(line) || line[0] == '#' || (!_isDecided && IsHeader(line, number)))
        {
            return false;
        }

        value = Header == Json ? OfJson(line, number) : OfField(Csv.Fields(line, _separator), number);
        return !isPValue || value is >= 0 and <= 1
            ? true
            : throw Error(number, FormattableString.Invariant($"expected a p-value in [0, 1]{In()}, but found {value}."));
    }

    /// <summary>Decides by the first line what they are.</summary>
    private bool IsHeader(string line, long number)
    {
        _isDecided = true;
        if (line.TrimStart().StartsWith('{'))
        {
            Header = Json;
            return false;
        }

        if (TakeHeader(line))
        {
            return true;
        }

        string[] fields = Csv.Fields(line, SeparatorOf(line));
        if (name is null && fields.Length == 1)
        {
            Header = Nameless;
            return !TryParse(fields[0], out _);
        }

        return Header is not (null or Json or Nameless)
            ? false
            : throw Error(number, name is null
                ? $"expected one number, or --column with one of the columns {string.Join(", ", fields)}."
                : $"expected a header with the column '{name}', but found {string.Join(", ", fields)}.");
    }

    private bool TakeHeader(string line)
    {
        var separator = SeparatorOf(line);
        var index = name is null ? -1 : Array.IndexOf(Csv.Fields(line, separator), name);
        if (index >= 0)
        {
            (Header, _separator, _index) = (line, separator, index);
        }

        return index >= 0;
    }

    private double OfField(string[] fields, long number)
    {
        if (fields.Length <= _index)
        {
            throw Error(number, $"expected {Named()}, but found {fields.Length} fields.");
        }

        return TryParse(fields[_index], out var value)
            ? value
            : throw Error(number, $"expected a number{In()}, but found '{fields[_index]}'.");
    }

    private double OfJson(string line, long number)
    {
        try
        {
            using var document = JsonDocument.Parse(line);
            JsonProperty[] properties = [.. document.RootElement.EnumerateObject()];
            var names = string.Join(", ", properties.Select(property => property.Name));
            if (name is null && properties.Length != 1)
            {
                throw Error(number, $"expected one number, or --column with one of {names}.");
            }

            var at = name is null ? 0 : Array.FindIndex(properties, property => property.NameEquals(name));
            return at < 0 ? throw Error(number, $"expected '{name}', but found {names}.")
                : properties[at].Value.ValueKind == JsonValueKind.Number ? properties[at].Value.GetDouble()
                : throw Error(number, $"expected a number{In()}, but found {properties[at].Value.GetRawText()}.");
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw Error(number, "expected a JSON object.");
        }
    }

    private string Named() => name is null ? "a number" : $"the column '{name}'";

    private string In() => name is null ? "" : $" in '{name}'";

    private UserErrorException Error(long number, string message) => new($"{source}, line {number}: {message}");

    private static bool TryParse(string field, out double value) =>
        double.TryParse(field, NumberStyles.Float, CultureInfo.InvariantCulture, out value) && !double.IsNaN(value);

    private static char SeparatorOf(string line) => Separators.MaxBy(separator => line.Count(c => c == separator));
}
