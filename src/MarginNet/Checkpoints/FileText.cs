namespace MarginNet.Checkpoints;

/// <summary>Text from a file that nobody vouches for, made fit for a one-line message.</summary>
internal static class FileText
{
    private const int MaxLength = 80;

    /// <summary>Quotes text, with control characters (line ends, terminal escapes) replaced and its end cut off beyond 80 characters.</summary>
    public static string Quote(string text)
    {
        var shown = text.Length > MaxLength ? text[..MaxLength] + "…" : text;
        return $"'{string.Concat(shown.Select(c => char.IsControl(c) || char.IsSurrogate(c) ? '?' : c))}'";
    }
}
