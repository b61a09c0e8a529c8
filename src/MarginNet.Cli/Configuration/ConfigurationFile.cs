using System.CommandLine;
using System.CommandLine.Help;
using System.Text.Json;
using MarginNet.Cli.Options;

namespace MarginNet.Cli.Configuration;

/// <summary>Reads the options of a configuration file, for which it has the same names without the dashes.</summary>
internal static class ConfigurationFile
{
    /// <summary>The arguments that a file adds to those of the command line: each of its options that is not given there.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="path">The file, a JSON object.</param>
    /// <exception cref="InvalidDataException">It is no such file, is of another command, or has an unknown option.</exception>
    public static IEnumerable<string> Read(ParseResult parsed, string path)
    {
        if (!File.Exists(path))
        {
            throw new FileNotFoundException(
                $"--config '{path}' does not exist: give a JSON file such as the .config.json beside an output.");
        }

        using var document = Parse(path);
        try
        {
            return [.. document.RootElement.EnumerateObject().SelectMany(property => Arguments(parsed, path, property))];
        }
        catch (InvalidOperationException e) // From a text with half a surrogate pair or bytes that are no UTF-8.
        {
            throw new InvalidDataException($"'{path}' has a text that is not Unicode: save it as UTF-8.", e);
        }
    }

    /// <summary>The options of a command, its parents' among them.</summary>
    public static IEnumerable<Option> OptionsOf(Command command) =>
        command.Options.Concat(command.Parents.OfType<Command>().SelectMany(parent => parent.Options.Where(option => option.Recursive)))
            .Where(option => option is not (HelpOption or VersionOption));

    /// <summary>What was written after an option, as a JSON value.</summary>
    public static object Value(Option option, string[] tokens) => tokens switch
    {
        [] => true,
        _ when option.Arity.MaximumNumberOfValues > 1 => tokens,
        [var token] when option.ValueType == typeof(bool) => bool.Parse(token),
        [var token] when IsNumber(Nullable.GetUnderlyingType(option.ValueType) ?? option.ValueType)
            && Literal(token) is { } number => number,
        [var token, ..] => token,
    };

    private static bool IsNumber(Type type) => type == typeof(int) || type == typeof(double);

    private static object? Literal(string token) =>
        Number.TryParse<long>(token, out var whole)
            ? whole
            : !token.Contains('/', StringComparison.Ordinal) && Number.TryParse<double>(token, out var number) ? number : null;

    private static JsonDocument Parse(string path)
    {
        try
        {
            var document = JsonDocument.Parse(
                File.ReadAllBytes(path), new() { AllowTrailingCommas = true, CommentHandling = JsonCommentHandling.Skip });
            return document.RootElement.ValueKind == JsonValueKind.Object
                ? document
                : throw new InvalidDataException(
                    $"'{path}' is a JSON {document.RootElement.ValueKind}: expected an object of options, such as {{ \"epochs\": 3 }}.");
        }
        catch (JsonException e)
        {
            throw new InvalidDataException($"'{path}' is not JSON (line {e.LineNumber + 1}, byte {e.BytePositionInLine + 1}): "
                + $"expected an object of options, such as {{ \"epochs\": 3 }}.", e);
        }
    }

    private static IEnumerable<string> Arguments(ParseResult parsed, string path, JsonProperty property)
    {
        var command = parsed.CommandResult.Command;
        if (RunConfiguration.IsAboutTheFile(property.Name))
        {
            return property.NameEquals("command") && property.Value.ToString() != command.Name
                ? throw new InvalidDataException($"'{path}' is of 'marginnet {property.Value}', "
                    + $"but the command is 'marginnet {command.Name}': give a file of this command.")
                : [];
        }

        Option[] options = [.. OptionsOf(command).Where(option => option.Name != "--config")];
        var option = Array.Find(options, option => option.Name == "--" + property.Name)
            ?? throw new InvalidDataException($"'{path}' has '{property.Name}', which is no option of 'marginnet "
                + $"{command.Name}'.{Suggestion.For(property.Name, options.Select(known => known.Name[2..]))}");
        return parsed.IsGiven(option) ? [] : Texts(path, property).Select(text => $"{option.Name}={text}");
    }

    private static IEnumerable<string> Texts(string path, JsonProperty property)
    {
        var value = property.Value;
        return value.ValueKind switch
        {
            JsonValueKind.Array when value.EnumerateArray().All(IsPlain) => [.. value.EnumerateArray().Select(Text)],
            JsonValueKind.Null => [],
            _ when IsPlain(value) => [Text(value)],
            _ => throw new InvalidDataException($"'{path}' has a JSON {value.ValueKind} for '{property.Name}': expected a string, "
                + "a number, true, false, or a list of strings and numbers."),
        };
    }

    private static bool IsPlain(JsonElement value) =>
        value.ValueKind is JsonValueKind.String or JsonValueKind.Number or JsonValueKind.True or JsonValueKind.False;

    private static string Text(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.String => value.GetString()!,
        JsonValueKind.True => "true",
        JsonValueKind.False => "false",
        _ => value.GetRawText(),
    };
}
