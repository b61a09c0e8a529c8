using System.Text.RegularExpressions;
using MarginNet.Tests;

namespace MarginNet.Cli.Tests.Documentation;

/// <summary>The commands that the documentation shows are commands of this tool.</summary>
public sealed partial class DocumentedCommandTests
{
    public static TheoryData<string> Pages =>
        ["README.md", .. Directory.EnumerateFiles(Repository.File("docs"), "*.md", SearchOption.AllDirectories)
            .Select(file => Path.GetRelativePath(Repository.File("."), file))];

    [Theory]
    [MemberData(nameof(Pages))]
    public void Every_command_that_a_page_shows_is_understood(string page)
    {
        var root = CommandLine.CreateRoot();
        var text = File.ReadAllText(Repository.File(page)).ReplaceLineEndings("\n").Replace(" \\\n", " ", StringComparison.Ordinal);
        Assert.All(Blocks().Matches(text).SelectMany(block => Commands().Matches(block.Value)), match =>
        {
            // LOSS and MU stand for each of a table's rows.
            string[] words = [.. Words()
                .Matches(match.Groups[1].Value)
                .Select(word => word.Value switch { "LOSS" => "dual", "MU" => "50", var text => text.Trim('\'', '"') })];
            Assert.Empty(root.Parse(words).Errors.Select(error => $"{match.Value}: {error.Message}"));
        });
    }

    [GeneratedRegex("^```(?:sh|console)?\n.*?^```$", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Blocks();

    [GeneratedRegex(@"^(?:\$ )?(?:.*\| )?marginnet ([^#>\n]*)", RegexOptions.Multiline)]
    private static partial Regex Commands();

    [GeneratedRegex("""'[^']*'|"[^"]*"|\S+""")]
    private static partial Regex Words();
}
