namespace MarginNet.Checkpoints;

/// <summary>Text from a file that nobody vouches for, made fit for a one-line message.</summary>
internal static class FileText
{
    private const int MaxLength = 80;

    /// <summary>Replaces control characters (line ends, terminal escapes) and cuts the end off beyond some characters.</summary>
    public static string Show(string text, int maxLength = MaxLength)
    {
        var start = text.Length > maxLength ? text[..maxLength] + "…" : text;
        return string.Concat(start.Select(c => char.IsControl(c) || char.IsSurrogate(c) ? '?' : c));
    }

    /// <summary>Shows text between quotation marks.</summary>
    public static string Quote(string text) => $"'{Show(text)}'";
}
