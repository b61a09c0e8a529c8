using System.Collections.Immutable;
using System.Reflection;
using System.Text;
using MarginNet.Checkpoints;
using MarginNet.Cli.Configuration;

namespace MarginNet.Cli.Pages;

/// <summary>A part of a page under a heading of its own.</summary>
/// <param name="Id">What links to it are called.</param>
/// <param name="Title">The heading.</param>
/// <param name="Content">What is below it.</param>
/// <param name="Link">What the list of sections calls it; null for its heading.</param>
internal sealed record PageSection(string Id, string Title, Html Content, string? Link = null);

/// <summary>A number that a page begins with.</summary>
/// <param name="Name">What it is.</param>
/// <param name="Value">The number.</param>
/// <param name="Remark">What is said below it, such as its interval; null for nothing.</param>
internal sealed record PageFact(string Name, string Value, string? Remark = null);

/// <summary>One HTML file with everything in it, which needs no network to be read: light and dark, narrow and printed. Its script, which
/// sorts and filters, is there only where something is sorted or filtered, and nothing is hidden without it.</summary>
/// <param name="Title">What it is called.</param>
/// <param name="Lead">What it is of, in a sentence.</param>
/// <param name="Command">The command that made it.</param>
/// <param name="Sections">Its parts.</param>
internal sealed record Page(string Title, Html Lead, string Command, ImmutableArray<PageSection> Sections)
{
    /// <summary>The numbers that come first.</summary>
    public ImmutableArray<PageFact> Facts { get; init; } = [];

    /// <summary>What the page ends with.</summary>
    public Html Footer { get; init; } = Html.Format($"Made by MarginNet {RunConfiguration.Version}. This file has everything in it.");

    /// <summary>Writes the file, whole or not at all.</summary>
    public void Save(string path)
    {
        var bytes = Encoding.UTF8.GetBytes(Compose());
        AtomicFile.Write(path, stream => stream.Write(bytes));
    }

    public string Compose()
    {
        var content = Html.Format(
            $"""
            {Header()}<main>
            {Sections.Select(Compose)}</main>
            <footer><p>{Footer}</p></footer>
            {Script()}
            """).Text;
        return Read("page.html")
            .Replace("{{title}}", Html.Format($"{Title}").Text, StringComparison.Ordinal)
            .Replace("{{content}}", content, StringComparison.Ordinal);
    }

    private Html Header() => Html.Format(
        $"""
        <header>
        <h1>{Title}</h1>
        <p>{Lead}</p>
        <p><code>{Command}</code></p>
        {(Facts.IsEmpty ? default : Html.Format($"<dl class=\"facts\">\n{Facts.Select(Compose)}</dl>\n"))}<nav aria-label="Sections"><ul>{Sections.Select(section => Html.Format($"<li><a href=\"#{section.Id}\">{section.Link ?? section.Title}</a></li>"))}</ul></nav>
        </header>

        """);

    private static Html Compose(PageFact fact) => Html.Format(
        $"<div><dt>{fact.Name}</dt><dd>{fact.Value}</dd>{(fact.Remark is null ? default : Html.Format($"<dd class=\"soft\">{fact.Remark}</dd>"))}</div>\n");

    private static Html Compose(PageSection section) => Html.Format(
        $"""
        <section id="{section.Id}">
        <h2>{section.Title}</h2>
        {section.Content}</section>

        """);

    private Html Script() => Sections.Any(section => section.Content.Text.Contains(Filter.Attribute, StringComparison.Ordinal))
        ? new($"<script>\n{Read("page.js")}</script>")
        : default;

    private static string Read(string name)
    {
        using var file = new StreamReader(Assembly.GetExecutingAssembly().GetManifestResourceStream($"MarginNet.Cli.Pages.{name}")!);
        return file.ReadToEnd();
    }
}
