using System.CommandLine;
using System.CommandLine.Completions;
using System.CommandLine.Parsing;

namespace MarginNet.Cli;

/// <summary>A value that its option or argument does not take, where the parser's own message names neither.</summary>
internal static class WrongValue
{
    /// <summary>
    /// The option, the value, what is taken and what was probably meant; null where the error is no such value, or says all that itself.
    /// </summary>
    public static string? Describe(ParseError error)
    {
        var (owner, name) = Owner(error.SymbolResult);
        if (owner is null || error.Message.StartsWith(name, StringComparison.Ordinal))
        {
            return null;
        }

        string[] allowed = owner.ValueType() == typeof(bool)
            ? ["true", "false"]
            : [.. owner.GetCompletions(CompletionContext.Empty).Select(completion => completion.Label)];
        var value = Tokens(error.SymbolResult).Select(token => token.Value)
            .FirstOrDefault(value => error.Message.Contains($"'{value}'", StringComparison.Ordinal) && !allowed.Contains(value));
        return value is null || allowed.Length == 0
            ? null
            : $"{name} is '{value}': expected {Listed(allowed)}.{Suggestion.For(value, allowed)}";
    }

    private static (Symbol? Symbol, string Name) Owner(SymbolResult? result) => result switch
    {
        OptionResult option => (option.Option, option.Option.Name),
        ArgumentResult { Parent: OptionResult option } => (option.Option, option.Option.Name),
        ArgumentResult argument => (argument.Argument, $"The argument {argument.Argument.Name.ToUpperInvariant()}"),
        _ => (null, ""),
    };

    private static Type? ValueType(this Symbol symbol) => symbol switch
    {
        Option option => option.ValueType,
        Argument argument => argument.ValueType,
        _ => null,
    };

    private static IEnumerable<Token> Tokens(SymbolResult? result) => result?.Tokens ?? [];

    private static string Listed(string[] values) => values.Length == 1 ? values[0] : $"{string.Join(", ", values[..^1])} or {values[^1]}";
}
