using System.CommandLine;
using System.CommandLine.Help;
using MarginNet.Cli.Help;

namespace MarginNet.Cli.Tests.Help;

public sealed class HelpPageTests
{
    public static TheoryData<string> Commands =>
        [.. CommandLine.CreateRoot().Subcommands.Where(command => !command.Hidden).Select(command => command.Name)];

    [Theory]
    [MemberData(nameof(Commands))]
    public async Task The_help_of_every_command_ends_in_examples(string command)
    {
        var run = await Tool.RunAsync(command, "--help");
        Assert.Equal(0, run.ExitCode);
        Assert.Equal("", run.Error);
        Assert.Contains($"Examples:\n  marginnet {command}", run.Output.ReplaceLineEndings("\n"), StringComparison.Ordinal);
    }

    [Fact]
    public void Every_example_is_understood_by_the_parser()
    {
        var root = CommandLine.CreateRoot();
        string[] lines = [.. root.Subcommands.Select(command => command.Name)
            .Append("marginnet")
            .SelectMany(Examples.Of)
            .Select(example => example.Line)];
        Assert.NotEmpty(lines);
        Assert.All(lines, line => Assert.Empty(root.Parse(line.Split('>')[0].Split(' ', StringSplitOptions.RemoveEmptyEntries)[1..]).Errors
            .Select(error => $"{line}: {error.Message}")));
    }

    [Fact]
    public async Task The_help_of_the_tool_documents_the_exit_codes()
    {
        var run = await Tool.RunAsync("--help");
        Assert.All(
            ["0  ", "1  ", "2  ", "130  "],
            code => Assert.Contains($"\n  {code}", run.Output.ReplaceLineEndings("\n"), StringComparison.Ordinal));
    }

    [Theory]
    [MemberData(nameof(Commands))]
    public void Every_option_has_a_group(string command)
    {
        var missing = string.Join(
            ", ",
            Find(command).Options.Where(option => !option.Hidden && !OptionGroups.IsListed(option.Name)).Select(option => option.Name));
        Assert.True(
            missing.Length == 0,
            $"{command}: {missing} are in no group of {nameof(OptionGroups)}, and so under '{OptionGroups.Otherwise}': add them to one.");
    }

    [Theory]
    [MemberData(nameof(Commands))]
    public void What_is_shown_first_is_few_and_is_there(string command)
    {
        var first = OptionGroups.ShownFirst(command);
        Assert.True(first.Count <= 8, command);
        Assert.Equal(first, first.Distinct());
        Assert.All(first, name => Assert.Contains(Find(command).Options, option => option.Name == name));
    }

    [Fact]
    public void An_option_that_no_group_knows_is_shown_all_the_same()
    {
        var command = new Command("train") { new Option<int>("--unheard-of"), new Option<string>("--data"), new Option<string>("--out") };
        var groups = OptionGroups.Of(command, [.. command.Options])
            .Select(group => (group.Heading, string.Join(' ', group.Options.Select(option => option.Name))));
        Assert.Equal([(OptionGroups.First, "--data --out"), (OptionGroups.Otherwise, "--unheard-of")], groups);
    }

    public static IEnumerable<object[]> Pages => CommandLine.CreateRoot().Subcommands.Where(command => !command.Hidden)
        .SelectMany(command => new object[][] { [command.Name, 80], [command.Name, 120] });

    [Theory]
    [MemberData(nameof(Pages))]
    public void Every_option_is_shown_once_in_lines_of_the_width_asked_for(string command, int width)
    {
        var root = CommandLine.CreateRoot();
        using var output = new StringWriter();
        ((HelpPage)root.Options.OfType<HelpOption>().Single().Action!).Write(
            output, root.Subcommands.Single(each => each.Name == command), width);
        string[] lines = [.. output.ToString().ReplaceLineEndings("\n").Split('\n').TakeWhile(line => line != "Examples:")];
        Assert.All(lines, line => Assert.True(line.Length <= width, line));
        var options = root.Subcommands.Single(each => each.Name == command).Options
            .Concat(root.Options.Where(option => option.Recursive))
            .Where(option => !option.Hidden);
        Assert.All(options, option => Assert.Single(
            lines,
            line => line.StartsWith("  ", StringComparison.Ordinal) && line[2..].Split(' ', 4).Contains(option.Name) && line[2] == '-'));
    }

    [Fact]
    public async Task The_help_of_training_begins_with_what_matters_and_says_defaults_and_words()
    {
        var help = (await Tool.RunAsync("train", "--help")).Output.ReplaceLineEndings("\n");
        string[] headings =
        [
            "The few that matter:", "What to do:", "Data:", "Model:", "Output:", "Machine:", "Every command:", "Examples:",
        ];
        Assert.Equal(headings, help.Split('\n').Where(line => line.EndsWith(':') && !line.StartsWith(' ')));
        Assert.Contains("\n  --preset certified|certified-linf|fast|paper\n", help, StringComparison.Ordinal);
        Assert.Contains("\n  -o, --out FILE            The model file to write. Default m.pt.\n", help, StringComparison.Ordinal);
        Assert.Matches(@"\n  --mu X    [^-]*Default 50\.\n", help);
    }

    private static Command Find(string command) => CommandLine.CreateRoot().Subcommands.Single(each => each.Name == command);

    [Theory]
    [MemberData(nameof(Commands))]
    public void Every_option_of_a_command_is_described(string command) => Assert.All(
        CommandLine.CreateRoot().Subcommands.Single(each => each.Name == command).Options,
        option => Assert.False(string.IsNullOrWhiteSpace(option.Description), option.Name));
}
