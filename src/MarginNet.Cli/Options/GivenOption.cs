using System.CommandLine;

namespace MarginNet.Cli.Options;

/// <summary>Tells an option that the user wrote from one that has its default.</summary>
internal static class GivenOption
{
    public static bool IsGiven(this ParseResult parsed, Option option) => parsed.GetResult(option) is { Implicit: false };
}
