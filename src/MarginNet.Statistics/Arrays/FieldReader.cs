namespace MarginNet.Arrays;

/// <summary>The fields of a line, without the space around them and the quotation marks of RFC 4180.</summary>
/// <param name="line">The line.</param>
/// <param name="separator">What parts the fields; a space stands for any run of spaces and tabs,
/// <see cref="None"/> for a line that is one field.</param>
internal ref struct FieldReader(ReadOnlySpan<char> line, char separator)
{
    /// <summary>The separator of a table of one column, which no line holds.</summary>
    public const char None = '\n';

    private const char Quote = '"';

    private ReadOnlySpan<char> _rest = line;
    private bool _isDone;

    public ReadOnlySpan<char> Current { get; private set; }

    /// <summary>Whether the field stood between quotation marks.</summary>
    public bool IsQuoted { get; private set; }

    /// <summary>Counts the fields of a line, without an empty one after a last separator.</summary>
    public static int Count(ReadOnlySpan<char> line, char separator)
    {
        var count = 0;
        var fields = new FieldReader(line, separator);
        while (fields.MoveNext())
            count++;

        return count > 1 && fields.Current.IsEmpty ? count - 1 : count;
    }

    /// <summary>The fields as texts, without an empty one after a last separator.</summary>
    public static string[] Split(ReadOnlySpan<char> line, char separator)
    {
        var texts = new List<string>();
        var fields = new FieldReader(line, separator);
        while (fields.MoveNext())
            texts.Add(fields.Current.ToString().Replace("\"\"", "\"", StringComparison.Ordinal));

        if (texts.Count > 1 && texts[^1].Length == 0)
            texts.RemoveAt(texts.Count - 1);

        return [.. texts];
    }

    public bool MoveNext()
    {
        if (separator == ' ')
        {
            _rest = _rest.TrimStart(" \t");
            _isDone |= _rest.IsEmpty;
        }

        if (_isDone)
            return false;

        var start = separator == '\t' ? _rest.TrimStart(' ') : _rest.TrimStart();
        var length = QuotedLength(start);
        var afterQuotes = start[length..];
        var end = separator == ' ' ? afterQuotes.IndexOfAny(' ', '\t') : afterQuotes.IndexOf(separator);
        _isDone = end < 0;
        IsQuoted = length > 0 && (end < 0 ? afterQuotes : afterQuotes[..end]).IsWhiteSpace();
        if (IsQuoted)
        {
            Current = start[1..(length - 1)].Trim();
            _rest = end < 0 ? default : afterQuotes[(end + 1)..];
            return true;
        }

        end = separator == ' ' ? start.IndexOfAny(' ', '\t') : start.IndexOf(separator);
        _isDone = end < 0;
        Current = (end < 0 ? start : start[..end]).Trim();
        _rest = end < 0 ? default : start[(end + 1)..];
        return true;
    }

    /// <summary>The length of a quotation that a field begins with, both marks included; 0 where there is none.</summary>
    private static int QuotedLength(ReadOnlySpan<char> text)
    {
        if (text.IsEmpty || text[0] != Quote)
            return 0;

        for (var i = 1; i < text.Length; i++)
        {
            if (text[i] != Quote)
                continue;
            if (i + 1 == text.Length || text[i + 1] != Quote)
                return i + 1;

            i++;
        }

        return 0;
    }
}
