using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace MarginNet.Cli.Help;

/// <summary><c>--help</c>: the options of a command as the parser knows them, and then examples or, of the tool itself, what holds for all commands.</summary>
internal sealed class HelpPage(HelpAction options) : SynchronousCommandLineAction
{
    private const string AllCommands = """
        Exit codes:
          0    the command did what it says
          1    a defect of MarginNet, shown with its trace
          2    a mistake in the command line or in a file, told in one line; of doctor, something wrong here
          130  interrupted

        Results go to standard output, progress, notes and errors to standard error. A live bar is drawn only on a terminal;
        NO_COLOR=1 takes its colours away. 'marginnet completion bash' and the like print completions for a shell.
        """;

    public override int Invoke(ParseResult parseResult)
    {
        var result = options.Invoke(parseResult);
        var (output, command) = (parseResult.InvocationConfiguration.Output, parseResult.CommandResult.Command);
        if (command is RootCommand)
        {
            output.WriteLine(AllCommands);
            output.WriteLine();
        }

        if (Examples.Of(command is RootCommand ? "marginnet" : command.Name) is { Count: > 0 } examples)
        {
            output.WriteLine("Examples:");
            foreach (var (line, purpose) in examples)
            {
                output.WriteLine($"  {line}");
                output.WriteLine($"      {purpose}");
            }

            output.WriteLine();
        }

        return result;
    }

    /// <summary>Puts the page in the place of the parser's own.</summary>
    public static void AddTo(RootCommand root)
    {
        var help = root.Options.OfType<HelpOption>().Single();
        help.Action = new HelpPage((HelpAction)help.Action!);
        if (!OperatingSystem.IsWindows())
        {
            help.Aliases.Remove("/h"); // A path here.
            help.Aliases.Remove("/?");
        }
    }
}
