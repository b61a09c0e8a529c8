using System.Text.RegularExpressions;

namespace MarginNet.Tests.Documentation;

public sealed partial class ReadmeTests
{
    [Fact]
    public void The_program_of_the_how_to_is_the_quick_start_that_CI_runs()
    {
        var sample = File.ReadAllText(Repository.File("samples/QuickStart/Program.cs")).ReplaceLineEndings("\n");
        Assert.Equal(
            sample[sample.IndexOf("using ", StringComparison.Ordinal)..].TrimEnd(),
            Example().Match(Read("docs/howto/library.md")).Groups[1].Value);
    }

    [Theory]
    [MemberData(nameof(Pages))]
    public void Every_link_of_a_page_leads_to_a_file(string page)
    {
        var links = Link()
            .Matches(Read(page))
            .Select(match => match.Groups[1].Value.Split('#')[0])
            .Where(link => link.Length > 0 && !link.Contains("://", StringComparison.Ordinal));
        var folder = Path.GetDirectoryName(Repository.File(page))!;
        Assert.DoesNotContain(links, link => !Path.Exists(Path.Combine(folder, link)));
    }

    public static TheoryData<string> Pages =>
    [
        "README.md", "CONTRIBUTING.md", "CHANGELOG.md",
        .. Directory.EnumerateFiles(Repository.File("docs"), "*.md", SearchOption.AllDirectories)
            .Select(file => Path.GetRelativePath(Repository.File("."), file)),
    ];

    private static string Read(string page) => File.ReadAllText(Repository.File(page)).ReplaceLineEndings("\n");

    [GeneratedRegex("```csharp\n(.*?)\n```", RegexOptions.Singleline)]
    private static partial Regex Example();

    [GeneratedRegex(@"\]\(([^)\s]+)\)")]
    private static partial Regex Link();
}
