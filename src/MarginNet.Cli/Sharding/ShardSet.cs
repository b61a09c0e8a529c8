using System.CommandLine;
using MarginNet.Cli.Configuration;
using MarginNet.Cli.Options;

namespace MarginNet.Cli.Sharding;

/// <summary>All shards of one run, in their order.</summary>
internal sealed class ShardSet
{
    private ShardSet(IReadOnlyList<ShardFile> files, ParseResult command) => (Files, Command) = (files, command);

    public IReadOnlyList<ShardFile> Files { get; }

    /// <summary>The command that they are shards of.</summary>
    public ParseResult Command { get; }

    /// <summary>Reads shards in any order.</summary>
    /// <exception cref="UserErrorException">One is missing, twice there, or of another run; or the command's files have
    /// changed.</exception>
    /// <exception cref="InvalidDataException">One is damaged.</exception>
    public static ShardSet Read(IEnumerable<string> paths)
    {
        ShardFile[] files = [.. paths.Select(ShardFile.Read).OrderBy(file => file.Header.Number)];
        var (first, command) = (files[0], Parse(files[0]));
        foreach (var (file, before) in files.Skip(1).Zip(files))
        {
            ThrowIfForeign(file, first, command);
            if (file.Header.Number == before.Header.Number)
            {
                throw new UserErrorException(
                    $"'{before.Path}' and '{file.Path}' are both shard {Name(file)}: give each shard once.");
            }
        }

        int[] missing = [.. Enumerable.Range(1, first.Header.Count).Except(files.Select(file => file.Header.Number))];
        if (missing.Length > 0)
        {
            throw new UserErrorException($"Of {first.Header.Count} shards {missing.Length} are missing: give shard "
                + $"{string.Join(", ", missing.Take(10))}{(missing.Length > 10 ? ", ..." : "")}, too.");
        }

        ThrowIfChanged(first, command);
        return new(files, command);
    }

    private static ParseResult Parse(ShardFile file)
    {
        if (file.Header.Version != RunConfiguration.Version)
        {
            throw new UserErrorException($"'{file.Path}' was made by marginnet {file.Header.Version}, but this is "
                + $"{RunConfiguration.Version}: merge with the version that made the shards.");
        }

        var parsed = CommandLine.Parse([.. file.Header.Arguments]);
        return parsed.Errors.Count == 0 && parsed.CommandResult.Command.Options.Any(option => option.Name == ShardOptions.Shard)
            ? parsed
            : throw new InvalidDataException($"'{file.Path}' is of a command that has no shards: make this shard anew.");
    }

    private static void ThrowIfForeign(ShardFile file, ShardFile first, ParseResult command)
    {
        var other = Parse(file);
        var difference = file.Header.Count != first.Header.Count ? $"it is shard {Name(file)}, and the other {Name(first)}"
            : other.CommandResult.Command.Name != command.CommandResult.Command.Name
                ? $"it is of 'marginnet {other.CommandResult.Command.Name}', and the other of '{command.CommandResult.Command.Name}'"
            : RunConfiguration.Of(other).Difference(RunConfiguration.Of(command)) is { } option ? $"they differ in {option}"
            : Changed(file.Header.Inputs, first.Header.Inputs) is { } input ? $"'{input.Path}' ({input.Option}) was another file"
            : !file.Header.Images.Select(Whole).SequenceEqual(first.Header.Images.Select(Whole)) ? "its data was another"
            : null;
        if (difference is not null)
        {
            throw new UserErrorException($"'{file.Path}' is not of the same run as '{first.Path}', {difference}: "
                + "give the shards of one command.");
        }

        static (int, string) Whole(ShardImages images) => (images.Count, images.Digest);
    }

    private static void ThrowIfChanged(ShardFile first, ParseResult command)
    {
        if (Changed(first.Header.Inputs, ShardedCommand.Inputs(command)) is { } input)
        {
            throw new UserErrorException($"'{input.Path}' ({input.Option}) is not here, or not what it "
                + "was when the shards were made: merge where the command's files are as they were.");
        }
    }

    /// <summary>The first file that only one of two lists has.</summary>
    private static ShardInput? Changed(IReadOnlyList<ShardInput> inputs, IReadOnlyList<ShardInput> others) =>
        inputs.Except(others).Concat(others.Except(inputs)).FirstOrDefault();

    private static string Name(ShardFile file) => $"{new Shard(file.Header.Number, file.Header.Count)}";
}
