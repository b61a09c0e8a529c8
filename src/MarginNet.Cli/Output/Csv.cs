namespace MarginNet.Cli.Output;

/// <summary>Fields of comma-separated values (RFC 4180).</summary>
internal static class Csv
{
    /// <summary>Puts a field in quotes where it needs them.</summary>
    public static string Quote(string field) =>
        field.AsSpan().IndexOfAny(",\"\r\n") < 0 ? field : $"\"{field.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
}
