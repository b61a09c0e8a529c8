using System.CommandLine;
using MarginNet.Cli.Options;
using MarginNet.Cli.Sharding;

namespace MarginNet.Cli.Commands;

/// <summary><c>marginnet merge</c>: ends the command that shards were made by.</summary>
internal sealed class MergeCommand : Command
{
    private readonly Argument<string[]> _shards = new("shards")
    {
        Description = "All shards of one run, in any order.",
        Arity = ArgumentArity.OneOrMore,
    };
    private readonly Option<string?> _out = new("--out", "-o")
    {
        Description = "The file that the command writes its result to, its --output or --out; by default the one that it was given.",
    };
    private readonly Option<string?> _json = new("--json") { Description = "The --json of the command." };
    private readonly Option<string?> _html = new("--html") { Description = "The --html of the command." };

    public MergeCommand()
        : base("merge", "Join shards: end the command that they are of as if it had been run at once.")
    {
        Add(_shards);
        Option[] options = [_out, _json, _html];
        Array.ForEach(options, Add);
        SetAction(RunAsync);
    }

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellation)
    {
        var set = ShardSet.Read(parsed.GetValue(_shards)!);
        string[] whole =
        [
            .. ShardedCommand.Arguments(set.Command, Outputs(parsed, set.Command.CommandResult.Command)),
            .. parsed.IsQuiet() && !set.Command.IsQuiet() ? ["--quiet"] : Array.Empty<string>(),
        ];
        var invocation = new ToolInvocation(parsed.Interruption())
        {
            Output = parsed.InvocationConfiguration.Output,
            Error = parsed.InvocationConfiguration.Error,
            EnableDefaultExceptionHandler = false,
            ProcessTerminationTimeout = null,
            Rows = new MergedRows(set.Files),
        };
        return await CommandLine.InvokeAsync(CommandLine.Parse(whole), invocation, cancellation);
    }

    /// <summary>The options of the command for the outputs that are asked for here.</summary>
    private Dictionary<string, string> Outputs(ParseResult parsed, Command command)
    {
        (Option<string?> Given, string[] Names)[] outputs = [(_out, ["--output", "--out"]), (_json, ["--json"]), (_html, ["--html"])];
        var named = new Dictionary<string, string>();
        foreach (var (given, names) in outputs)
        {
            if (parsed.GetValue(given) is { } file)
            {
                var name = Array.Find(names, name => command.Options.Any(option => option.Name == name))
                    ?? throw new UserErrorException($"'marginnet {command.Name}' has no {given.Name}: leave it out, or give --json.");
                named[name] = file;
            }
        }

        return named;
    }
}
