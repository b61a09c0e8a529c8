using System.Globalization;
using System.Xml.Linq;
using MarginNet.Cli.Tests.Reproduction;
using MarginNet.Detection;

namespace MarginNet.Cli.Tests.Report;

[Collection(nameof(SmokeRun))]
public sealed class ReportPageTests(SmokeRun smoke)
{
    private readonly XElement _page = XDocument.Load(smoke.File("report.html")).Root!;

    [Fact]
    public void The_page_needs_nothing_but_itself()
    {
        Assert.DoesNotContain(All("script"), _ => true);
        Assert.DoesNotContain(All("link"), _ => true);
        Assert.All(_page.DescendantsAndSelf()
            .Attributes()
            .Where(attribute => attribute.Name.LocalName is "src" or "srcset" or "data" or "poster"), attribute =>
            Assert.StartsWith("data:image/webp;base64,", attribute.Value, StringComparison.Ordinal));
        Assert.All(All("a").Attributes("href"), link => Assert.StartsWith("#", link.Value, StringComparison.Ordinal));
        var style = Assert.Single(All("style")).Value;
        Assert.DoesNotContain("url(", style, StringComparison.Ordinal);
        Assert.DoesNotContain("@import", style, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_link_leads_to_its_section_and_no_name_is_used_twice()
    {
        string[] ids = [.. _page.Descendants().Attributes("id").Select(id => id.Value)];
        Assert.Equal(ids.Distinct(), ids);
        Assert.All(All("a").Attributes("href"), link => Assert.Contains(link.Value[1..], ids));
    }

    [Fact]
    public void Every_picture_says_its_numbers_in_words()
    {
        Assert.Equal((SmokeRun.Networks * (4 + 2 + 1)) + 1, All("img").Count()); // Margins, ROC curves, uniformity; learning curves.
        Assert.All(All("img"), image =>
        {
            Assert.InRange(image.Attribute("alt")!.Value.Length, 80, 700);
            Assert.True(image.Attribute("alt")!.Value.Count(char.IsDigit) >= 6, image.Attribute("alt")!.Value);
            Assert.NotNull(image.Attribute("width"));
            Assert.NotNull(image.Attribute("height"));
        });
    }

    [Fact]
    public void Every_table_has_heads_for_its_rows_and_columns_and_scrolls_in_its_own_box()
    {
        Assert.NotEmpty(All("table"));
        Assert.All(All("table"), table =>
        {
            Assert.Equal("box", table.Parent!.Attribute("class")!.Value);
            Assert.Equal("0", table.Parent.Attribute("tabindex")!.Value);
            var columns = table.Descendants("thead").Descendants("th").Count();
            Assert.All(table.Descendants("tbody").Elements("tr"), row => Assert.Equal(columns, row.Elements().Count()));
            Assert.All(table.Descendants("th"), head => Assert.NotNull(head.Attribute("scope")));
        });
    }

    [Fact]
    public void The_headings_descend_by_one_level_at_a_time()
    {
        int[] levels = [.. _page.Descendants()
            .Select(element => element.Name.LocalName)
            .Where(name => name is "h1" or "h2" or "h3" or "h4")
            .Select(name => name[1] - '0')];
        Assert.Equal(1, levels.Count(level => level == 1));
        Assert.All(levels.Zip(levels.Skip(1)), pair => Assert.True(pair.Second <= pair.First + 1));
        Assert.Equal("en", _page.Attribute("lang")!.Value);
    }

    [Fact]
    public void Table_I_has_the_accuracy_of_the_scores_beside_the_papers()
    {
        var row = All("table").First().Descendants("tbody").Elements("tr").ElementAt(1).Elements().Select(cell => cell.Value).ToArray();
        var right = MarginNet.Cli.Reproduction.ScoreFile.Read(smoke.File("seed-0", "mu50.test.npy"))
            .Accuracy([.. Enumerable.Range(0, 60).Select(i => i % 10)]);
        var interval = new Proportion((int)Math.Round(60 * right), 60).ExactInterval();
        Assert.Equal("margin μ = 50", row[0]);
        Assert.Equal(
            string.Create(CultureInfo.InvariantCulture, $"{right:p2} [{100 * interval.Low:f2}, {100 * interval.High:f2}]"), row[1]);
        Assert.Equal("85.49 %", row[2]);
        Assert.Equal((100 * (right - 0.8549)).ToString("+0.00;−0.00", CultureInfo.InvariantCulture), row[3]);
        Assert.Equal("10.08 %", row[5]);
    }

    [ChromiumTheory]
    [InlineData(390)]
    [InlineData(1280)]
    public void In_a_browser_only_tables_are_wider_than_the_page(int width)
    {
        using var tool = new Tool();
        const string Probe =
            """<script>document.title = ["widths", innerWidth, document.documentElement.scrollWidth, document.images.length, [...document.images].filter(image => image.naturalWidth > 0).length].join(" ")</script>""";
        var page = File.ReadAllText(smoke.File("report.html")).Replace("</body>", $"{Probe}</body>", StringComparison.Ordinal);
        File.WriteAllText(tool.File("probe.html"), page);
        var shown = ChromiumTheoryAttribute.Run("--dump-dom", $"--window-size={width},1000", $"file://{tool.File("probe.html")}");
        var start = shown.IndexOf("<title>widths ", StringComparison.Ordinal);
        var numbers = shown[(start + "<title>widths ".Length)..shown.IndexOf("</title>", start, StringComparison.Ordinal)].Split(' ')
            .Select(text => int.Parse(text, CultureInfo.InvariantCulture))
            .ToArray();
        Assert.InRange(numbers[1], 1, numbers[0]);
        Assert.Equal(All("img").Count(), numbers[2]);
        Assert.Equal(numbers[2], numbers[3]); // Every picture was decoded.
    }

    private IEnumerable<XElement> All(string name) => _page.Descendants(name);
}
