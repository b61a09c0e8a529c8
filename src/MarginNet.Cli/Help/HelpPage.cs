using System.Collections;
using System.CommandLine;
using System.CommandLine.Completions;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using System.Globalization;
using MarginNet.Cli.Configuration;

namespace MarginNet.Cli.Help;

/// <summary>
/// <c>--help</c>: what a command does, its options as the parser knows them in the groups of <see cref="OptionGroups"/>, and examples;
/// of the tool itself its commands and what holds for all of them.
/// </summary>
internal sealed class HelpPage(HelpOption help) : SynchronousCommandLineAction
{
    private const int NameWidth = 24;
    private const int CommandWidth = 12;
    private const int LongestChoices = 36;
    private const int DefaultWidth = 100;
    private const int LeastWidth = 60;
    private const int MostWidth = 140;

    private const string AllCommands = """
        Exit codes:
          0    the command did what it says
          1    a defect of MarginNet, shown with its trace
          2    a mistake in the command line or in a file, told in one line; of doctor, something wrong here
          130  interrupted

        Ctrl-C or SIGTERM ends a command at its next safe point, such as the end of a training step, with what it has kept;
        another one changes nothing. Where no such point is reached within 20 s (MARGINNET_STOP_SECONDS), it keeps what it
        can and ends all the same.

        Results go to standard output, progress, notes and errors to standard error. A live bar is drawn only on a terminal;
        NO_COLOR=1 takes its colours away. 'marginnet completion bash' and the like print completions for a shell.
        """;

    public override int Invoke(ParseResult parseResult)
    {
        Write(parseResult.InvocationConfiguration.Output, parseResult.CommandResult.Command, Width());
        return 0;
    }

    /// <summary>Writes the page in lines of a width, where words allow it.</summary>
    public void Write(TextWriter output, Command command, int width)
    {
        var isRoot = command is RootCommand;
        Columns.Wrap(command.Description ?? "", width).ToList().ForEach(output.WriteLine);
        output.WriteLine();
        string[] words = isRoot ? ["COMMAND"] : [command.Name, .. command.Arguments.Select(Name)];
        output.WriteLine($"Usage: marginnet {string.Join(' ', words)} [options]");
        var commands = command.Subcommands.Where(each => !each.Hidden).Select(each => (each.Name, each.Description ?? ""));
        WriteSection(output, "Commands", commands, width, CommandWidth);
        WriteSection(output, "Arguments", command.Arguments.Select(argument => (Name(argument), Meaning(argument))), width, NameWidth);
        Option[] all = [.. ConfigurationFile.OptionsOf(command), help, .. command.Options.OfType<VersionOption>()];
        foreach (var (heading, options) in OptionGroups.Of(command, all))
        {
            WriteSection(output, heading, options.Select(option => (Name(option), Meaning(option))), width, NameWidth);
        }

        output.WriteLine();
        if (isRoot)
        {
            output.WriteLine(AllCommands);
            output.WriteLine();
        }

        if (Examples.Of(isRoot ? "marginnet" : command.Name) is { Count: > 0 } examples)
        {
            output.WriteLine("Examples:");
            foreach (var (line, purpose) in examples)
            {
                output.WriteLine($"  {line}");
                output.WriteLine($"      {purpose}");
            }
        }
    }

    private static void WriteSection(
        TextWriter output, string heading, IEnumerable<(string Name, string Meaning)> rows, int width, int nameWidth)
    {
        (string Name, string Meaning)[] all = [.. rows];
        if (all.Length > 0)
        {
            output.WriteLine();
            output.WriteLine($"{heading}:");
            Columns.Write(output, all, nameWidth, width);
        }
    }

    private static string Name(Argument argument) => argument.Name.ToUpperInvariant();

    private static string Name(Option option)
    {
        string[] shortNames = [.. option.Aliases.Where(alias => alias.Length == 2).Order(StringComparer.Ordinal)];
        return string.Join(' ', [string.Join(", ", [.. shortNames, option.Name]), .. Value(option)]);
    }

    /// <summary>What stands for an option's value: its words where they are few, else what it is.</summary>
    private static string[] Value(Option option)
    {
        if (option.Arity.MaximumNumberOfValues == 0 || option.ValueType == typeof(bool))
        {
            return [];
        }

        var words = string.Join('|', Words(option));
        var type = Nullable.GetUnderlyingType(option.ValueType) ?? option.ValueType;
        return
        [
            words.Length is > 0 and <= LongestChoices ? words
                : type == typeof(int) ? "N"
                : type == typeof(double) ? "X"
                : OptionGroups.Kind(option.Name),
        ];
    }

    private static string Meaning(Argument argument) => Meaning(argument.Description, Words(argument), isRequired: false, byDefault: null);

    private static string Meaning(Option option)
    {
        var words = Words(option);
        var isSaid = option.ValueType == typeof(bool) || option.Description?.Contains("efault", StringComparison.Ordinal) == true;
        var byDefault = isSaid || !option.HasDefaultValue ? null : option.GetDefaultValue();
        return Meaning(option.Description, string.Join('|', words).Length > LongestChoices ? words : [], option.Required, byDefault);
    }

    private static string Meaning(string? description, string[] words, bool isRequired, object? byDefault)
    {
        var oneOf = words.Length == 0 ? "" : $" One of {string.Join(", ", words)}.";
        var value = byDefault is IEnumerable values and not string
            ? string.Join(' ', values.Cast<object>())
            : Convert.ToString(byDefault, CultureInfo.InvariantCulture);
        return $"{description}{oneOf}{(isRequired ? " Required." : "")}{(string.IsNullOrEmpty(value) ? "" : $" Default {value}.")}";
    }

    private static string[] Words(Symbol symbol) =>
        symbol is Option option && option.ValueType == typeof(bool)
            ? []
            : [.. symbol.GetCompletions(CompletionContext.Empty).Select(word => word.Label)];

    /// <summary>The width of the terminal, or what COLUMNS says, within reason.</summary>
    private static int Width()
    {
        var text = Environment.GetEnvironmentVariable("COLUMNS");
        var columns = int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var given) ? given
            : Console.IsOutputRedirected ? DefaultWidth
            : Console.WindowWidth - 1;
        return Math.Clamp(columns, LeastWidth, MostWidth);
    }

    /// <summary>Puts the page in the place of the parser's own.</summary>
    public static void AddTo(RootCommand root)
    {
        var help = root.Options.OfType<HelpOption>().Single();
        help.Action = new HelpPage(help);
        help.Description = "Show this page.";
        if (!OperatingSystem.IsWindows())
        {
            help.Aliases.Remove("/h"); // A path here.
            help.Aliases.Remove("/?");
        }
    }
}
