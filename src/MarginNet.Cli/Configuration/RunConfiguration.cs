using System.Collections.Immutable;
using System.CommandLine;
using System.Reflection;
using System.Text.Json;
using MarginNet.Checkpoints;
using MarginNet.Cli.Options;

namespace MarginNet.Cli.Configuration;

/// <summary>The options of a run as a JSON file, from which the tool repeats it.</summary>
internal sealed class RunConfiguration
{
    private const string VersionKey = "marginnet";
    private const string CommandKey = "command";

    // How the tool speaks, where a run goes on, and with which of the machine's libraries, is not what it computes.
    private static readonly ImmutableArray<string> NotKept =
    [
        "--config", "--quiet", "--verbose", "--resume", "--help", "--version", "--torch", "--torch-any-version",
    ];

    // Where it is computed.
    private static readonly ImmutableArray<string> OfMachine = ["--device", "--threads"];

    private static readonly ImmutableArray<string> Outputs = ["--out", "--output", "--results", "--json", "--html"];

    private readonly string _command;
    private readonly SortedDictionary<string, object> _values = new(StringComparer.Ordinal);

    private RunConfiguration(string command) => _command = command;

    /// <summary>The version of the tool.</summary>
    public static string Version =>
        typeof(RunConfiguration).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion;

    /// <summary>The options that were given, on the command line or in its <c>--config</c>.</summary>
    public static RunConfiguration Of(ParseResult parsed)
    {
        var command = parsed.CommandResult.Command;
        var configuration = new RunConfiguration(command.Name);
        foreach (var option in ConfigurationFile.OptionsOf(command)
            .Where(option => !NotKept.Contains(option.Name) && parsed.IsGiven(option)))
        {
            configuration._values[option.Name[2..]] = ConfigurationFile.Value(
                option, [.. parsed.GetResult(option)!.Tokens.Select(token => token.Value)]);
        }

        return configuration;
    }

    /// <summary>Sets an option that a preset or the machine decided.</summary>
    /// <param name="option">Its name, with dashes.</param>
    /// <param name="value">A bool, long, double or string.</param>
    public void Set(string option, object value) => _values[option[2..]] = value;

    /// <summary>The first option, with dashes, in which what two runs compute differs; null where none does.</summary>
    public string? Difference(RunConfiguration other)
    {
        var names = _values.Keys.Union(other._values.Keys)
            .Where(name => !OfMachine.Contains("--" + name) && !Outputs.Contains("--" + name))
            .Where(name => Text(this, name) != Text(other, name));
        return names.Order(StringComparer.Ordinal).FirstOrDefault() is { } different ? "--" + different : null;

        static string Text(RunConfiguration from, string name) => JsonSerializer.Serialize(from._values.GetValueOrDefault(name));
    }

    /// <summary>Saves what was given beside the output of a command that has ended, where it has one.</summary>
    public static void SaveBesideOutput(ParseResult parsed)
    {
        var command = parsed.CommandResult.Command;
        var output = Outputs.Select(name => command.Options.FirstOrDefault(option => option.Name == name))
            .OfType<Option<string?>>()
            .Select(parsed.GetValue)
            .FirstOrDefault(path => path is not null and not "-" && (File.Exists(path) || Directory.Exists(path))
                && !Path.GetFullPath(path).StartsWith("/dev/", StringComparison.Ordinal));
        if (output is not null)
        {
            var name = $"{command.Name}.config.json";
            Of(parsed).Save(Directory.Exists(output) ? Path.Combine(output, name) : Path.ChangeExtension(output, name));
        }
    }

    /// <summary>Writes the file.</summary>
    public void Save(string path) => AtomicFile.Write(path, stream =>
    {
        using var json = new Utf8JsonWriter(stream, new() { Indented = true, NewLine = "\n" });
        json.WriteStartObject();
        json.WriteString(VersionKey, Version);
        json.WriteString(CommandKey, _command);
        foreach (var (name, value) in _values)
        {
            json.WritePropertyName(name);
            JsonSerializer.Serialize(json, value);
        }

        json.WriteEndObject();
    });

    /// <summary>The options in one line.</summary>
    public override string ToString() =>
        $"{_command}{string.Concat(_values.Select(value => $", {value.Key} {JsonSerializer.Serialize(value.Value)}"))}";

    /// <summary>Whether a key of a configuration file is not an option.</summary>
    public static bool IsAboutTheFile(string key) => key is VersionKey or CommandKey;
}
