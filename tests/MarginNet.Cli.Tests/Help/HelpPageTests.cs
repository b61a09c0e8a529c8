using MarginNet.Cli.Help;

namespace MarginNet.Cli.Tests.Help;

public sealed class HelpPageTests
{
    public static TheoryData<string> Commands => [.. CommandLine.CreateRoot().Subcommands.Where(command => !command.Hidden).Select(command => command.Name)];

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
        string[] lines = [.. root.Subcommands.Select(command => command.Name).Append("marginnet").SelectMany(Examples.Of).Select(example => example.Line)];
        Assert.NotEmpty(lines);
        Assert.All(lines, line => Assert.Empty(root.Parse(line.Split('>')[0].Split(' ', StringSplitOptions.RemoveEmptyEntries)[1..]).Errors.Select(error => $"{line}: {error.Message}")));
    }

    [Fact]
    public async Task The_help_of_the_tool_documents_the_exit_codes()
    {
        var run = await Tool.RunAsync("--help");
        Assert.All(["0  ", "1  ", "2  ", "130  "], code => Assert.Contains($"\n  {code}", run.Output.ReplaceLineEndings("\n"), StringComparison.Ordinal));
    }

    [Theory]
    [MemberData(nameof(Commands))]
    public void Every_option_of_a_command_is_described(string command) => Assert.All(
        CommandLine.CreateRoot().Subcommands.Single(each => each.Name == command).Options,
        option => Assert.False(string.IsNullOrWhiteSpace(option.Description), option.Name));
}
