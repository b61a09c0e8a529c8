using System.CommandLine;
using MarginNet.Checkpoints;
using MarginNet.Cli.Configuration;
using MarginNet.Cli.Sharding;

namespace MarginNet.Cli.Options;

/// <summary><c>--shard</c> and <c>--shard-out</c>: the rows of one part of the images, for <c>marginnet merge</c>.</summary>
internal static class ShardOptions
{
    public const string Shard = "--shard";
    public const string File = "--shard-out";

    /// <summary>Adds them to a command that has its rows from <see cref="Rows"/>.</summary>
    /// <returns>Both.</returns>
    public static Option[] AddTo(Command command)
    {
        Option<Shard?> shard = new(Shard)
        {
            Description = "Compute only the i-th of n parts of the images, i/n such as 1/4, and write it to a shard: "
                + "'marginnet merge' of all n ends the command as if it had been run at once.",
            CustomParser = result =>
            {
                var text = result.Tokens is [var token] ? token.Value : "";
                if (!Sharding.Shard.TryParse(text, out var value))
                {
                    result.AddError($"{Shard} is '{text}': expected i/n with 1 <= i <= n, such as 1/4.");
                    return null;
                }

                return value;
            },
        };
        Option<string?> file = new(File)
        {
            Description = "The shard to write; by default COMMAND-i-of-n.shard in the current folder.",
        };
        command.Add(shard);
        command.Add(file);
        return [shard, file];
    }

    /// <summary>The rows of this run: all, or those of the shard that was asked for.</summary>
    /// <exception cref="UserErrorException">The shard's file is named without a shard.</exception>
    public static Rows ToRows(ParseResult parsed)
    {
        var file = Given<string?>(parsed, File);
        if (Given<Shard?>(parsed, Shard) is not { } shard)
        {
            return file is null
                ? Sharding.Rows.Whole
                : throw new UserErrorException($"{File} has no effect without {Shard}, such as {Shard} 1/4.");
        }

        AtomicFile.ThrowIfNotWritable(Path(parsed, shard));
        return new ShardRows(shard);
    }

    /// <summary>Writes the shard.</summary>
    public static void Save(ParseResult parsed, ShardRows rows)
    {
        var shard = Given<Shard?>(parsed, Shard)!.Value;
        var header = new ShardHeader
        {
            Version = RunConfiguration.Version,
            Number = shard.Number,
            Count = shard.Count,
            Arguments = ShardedCommand.Arguments(parsed),
            Inputs = ShardedCommand.Inputs(parsed),
            Images = rows.Parts,
            Arrays = [],
        };
        var file = new ShardFile(Path(parsed, shard), header, rows.Arrays);
        file.Save();
        var counts = rows.Parts.Select(images => $"{images.Own} of {images.Count}");
        parsed.InvocationConfiguration.Output.WriteLine(
            $"written     {file.Path}, shard {shard}: {string.Join(", ", counts)} images");
    }

    /// <summary>Where a command has its rows from.</summary>
    public static Rows Rows(this ParseResult parsed) => (parsed.InvocationConfiguration as ToolInvocation)?.Rows ?? Sharding.Rows.Whole;

    private static string Path(ParseResult parsed, Shard shard) => Given<string?>(parsed, File)
        ?? FormattableString.Invariant($"{parsed.CommandResult.Command.Name}-{shard.Number}-of-{shard.Count}.shard");

    private static T? Given<T>(ParseResult parsed, string name) =>
        parsed.CommandResult.Command.Options.Any(option => option.Name == name) ? parsed.GetValue<T>(name) : default;
}
