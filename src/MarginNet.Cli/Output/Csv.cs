using System.Text;

namespace MarginNet.Cli.Output;

/// <summary>Fields of comma-separated values (RFC 4180).</summary>
internal static class Csv
{
    /// <summary>Puts a field in quotes where it needs them.</summary>
    public static string Quote(string field) =>
        field.AsSpan().IndexOfAny(",\"\r\n") < 0 ? field : $"\"{field.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";

    /// <summary>Parts a line, which has no line ends in its fields.</summary>
    public static string[] Fields(string line) => Fields(line, ',');

    /// <summary>Parts a line by another separator.</summary>
    public static string[] Fields(string line, char separator)
    {
        var (fields, field, isQuoted) = (new List<string>(), new StringBuilder(), false);
        for (var i = 0; i < line.Length; i++)
        {
            if (line[i] == '"' && isQuoted && i + 1 < line.Length && line[i + 1] == '"')
            {
                field.Append(line[i++]);
            }
            else if (line[i] == '"')
            {
                isQuoted = !isQuoted;
            }
            else if (line[i] == separator && !isQuoted)
            {
                fields.Add(field.ToString());
                field.Clear();
            }
            else
            {
                field.Append(line[i]);
            }
        }

        return [.. fields, field.ToString()];
    }
}
