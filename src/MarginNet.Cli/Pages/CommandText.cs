using System.CommandLine;

namespace MarginNet.Cli.Pages;

/// <summary>A command as it was given, in one line.</summary>
internal static class CommandText
{
    public static string Of(ParseResult parsed) => $"marginnet {string.Join(' ', parsed.Tokens.Select(token => Quote(token.Value)))}";

    private static string Quote(string word) => word.Contains(' ', StringComparison.Ordinal) ? $"\"{word}\"" : word;
}
