using System.Collections.Immutable;
using System.CommandLine;
using System.CommandLine.Parsing;
using System.Security.Cryptography;
using MarginNet.Cli.Configuration;
using MarginNet.Cli.Options;
using MarginNet.ModelFiles;

namespace MarginNet.Cli.Sharding;

/// <summary>A command line without what is of its shards, and the files that it reads.</summary>
internal static class ShardedCommand
{
    private static readonly ImmutableArray<string> OfShards = [ShardOptions.Shard, ShardOptions.File, "--config"];
    private static readonly ImmutableArray<string> Outputs =
        ["--out", "-o", "--output", "--results", "--json", "--html", "--plot", "--logits-out", ShardOptions.File];

    /// <summary>The command and its arguments, those of its configuration file among them.</summary>
    public static IReadOnlyList<string> Arguments(ParseResult parsed) => Without(parsed.Tokens, OfShards);

    /// <summary>The command with other outputs in place of its own.</summary>
    /// <param name="parsed">The command.</param>
    /// <param name="outputs">Names of options, with dashes, and their files.</param>
    public static IReadOnlyList<string> Arguments(ParseResult parsed, IReadOnlyDictionary<string, string> outputs)
    {
        string[] replaced = [.. parsed.CommandResult.Command.Options
            .Where(option => outputs.ContainsKey(option.Name))
            .SelectMany(option => option.Aliases.Append(option.Name))];
        return [.. Without(parsed.Tokens, [.. OfShards, .. replaced]), .. outputs.SelectMany(output => new[] { output.Key, output.Value })];
    }

    /// <summary>The files that options name and the command reads, a calibration beside a model among them.</summary>
    public static IReadOnlyList<ShardInput> Inputs(ParseResult parsed) =>
        [.. ConfigurationFile.OptionsOf(parsed.CommandResult.Command)
            .Where(option => !Outputs.Contains(option.Name) && !OfShards.Contains(option.Name) && parsed.IsGiven(option))
            .SelectMany(option => parsed.GetResult(option)!.Tokens.Select(token => (option.Name, Path: token.Value)))
            .SelectMany(input => new[] { input, input with { Path = CalibrationFile.PathFor(input.Path) } })
            .Where(input => File.Exists(input.Path))
            .Select(input => new ShardInput(input.Name, input.Path, Digest(input.Path)))];

    private static string Digest(string path)
    {
        using var stream = File.OpenRead(path);
        return Convert.ToHexStringLower(SHA256.HashData(stream));
    }

    private static List<string> Without(IEnumerable<Token> tokens, ImmutableArray<string> options)
    {
        var (kept, isLeftOut) = (new List<string>(), false);
        foreach (var token in tokens)
        {
            isLeftOut = token.Type == TokenType.Option ? options.Contains(token.Value) : isLeftOut && token.Type == TokenType.Argument;
            if (!isLeftOut)
            {
                kept.Add(token.Value);
            }
        }

        return kept;
    }
}
