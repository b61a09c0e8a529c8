using System.Globalization;
using System.Text.Json.Nodes;
using System.Xml.Linq;
using MarginNet.Cli.Tests.Report;

namespace MarginNet.Cli.Tests.Pages;

public sealed class PageTests(PageRun pages) : IClassFixture<PageRun>
{
    public static TheoryData<string> Names => [.. PageRun.Names];

    [Theory]
    [MemberData(nameof(Names))]
    public void A_page_needs_nothing_but_itself_and_no_script_to_be_complete(string name)
    {
        var page = XDocument.Load(pages.Page(name)).Root!;
        Assert.All(page.Descendants().Attributes().Where(each => each.Name.LocalName is "src" or "srcset" or "data" or "poster"), each =>
            Assert.Matches("^data:image/(png|webp);base64,", each.Value));
        Assert.All(page.Descendants().Attributes("href"), link => Assert.StartsWith("#", link.Value, StringComparison.Ordinal));
        Assert.DoesNotContain("url(", page.Descendants("style").Single().Value, StringComparison.Ordinal);
        Assert.DoesNotContain(page.Descendants(), each => each.Attribute("hidden") is not null);
        Assert.All(page.Descendants("img"), image => Assert.True(image.Attribute("alt")!.Value.Length > 10, image.ToString()[..80]));
        string[] ids = [.. page.Descendants().Attributes("id").Select(id => id.Value)];
        Assert.Equal(ids.Distinct(), ids);
        Assert.All(page.Descendants("nav").Descendants("a"), link => Assert.Contains(link.Attribute("href")!.Value[1..], ids));
        Assert.All(page.Descendants("table"), table => Assert.All(
            table.Descendants("tbody").Elements("tr"),
            row => Assert.Equal(table.Descendants("thead").Descendants("th").Count(), row.Elements().Count())));
    }

    [Fact]
    public void The_p_values_of_a_page_are_those_of_the_table_the_smallest_first()
    {
        var rows = XDocument.Load(pages.Page("pvalue")).Descendants("section").Single(each => each.Attribute("id")!.Value == "samples")
            .Descendants("tbody").Elements("tr")
            .Select(row => row.Elements().Select(cell => cell.Value).ToArray())
            .ToDictionary(row => row[0].TrimStart('#'), row => Number(row[4]));
        var written = File.ReadLines(Path.ChangeExtension(pages.Page("p"), ".csv")).Skip(1).Select(line => line.Split(','))
            .ToDictionary(line => line[0], line => Number(line[6]));
        Assert.Equal(100, rows.Count);
        Assert.All(rows, row => Assert.Equal(written[row.Key], row.Value, Math.Abs(written[row.Key]) * 1e-3));
        Assert.Equal(rows.Values.Order(), rows.Values);
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(7, 7)]
    public async Task There_are_as_many_pictures_as_asked_for(int asked, int expected)
    {
        using var tool = new Tool();
        var run = await Tool.RunAsync(
            "pvalue", "--model", pages.Model, "--limit-test", "30", "--output", tool.File("p.csv"), "--html", tool.File("p.html"),
            "--thumbnails", asked.ToString(CultureInfo.InvariantCulture));
        Assert.Equal(0, run.ExitCode);
        Assert.Equal(expected, File.ReadAllText(tool.File("p.html")).Split("data:image/png").Length - 1);
    }

    [Fact]
    public async Task A_page_of_scores_alone_says_why_it_has_no_pictures()
    {
        using var tool = new Tool();
        var nullModel = await LogitFiles.CalibrateAsync(tool, "--html", tool.File("c.html"));
        var (logits, labels) = LogitFiles.Write(tool, "new", 200, seed: 2);
        string[] of = ["--logits", logits, "--labels", labels, "--html"];
        Assert.Equal(0, (await Tool.RunAsync(["pvalue", .. of, tool.File("p.html"), "--calibration", nullModel])).ExitCode);
        Assert.Equal(0, (await Tool.RunAsync(["evaluate", .. of, tool.File("e.html")])).ExitCode);
        Assert.Equal(
            0, (await Tool.RunAsync(["detect", .. of, tool.File("d.html"), "--calibration", nullModel, "--resamples", "10"])).ExitCode);
        Assert.All(["c.html", "p.html", "e.html", "d.html"], page =>
        {
            var text = File.ReadAllText(tool.File(page));
            Assert.DoesNotContain("data:image/png", text, StringComparison.Ordinal);
            Assert.Contains("has scores, and not the images", text, StringComparison.Ordinal);
        });
    }

    [Theory]
    [InlineData("--html is 'x.txt': expected a name that ends in .html.", "--html", "x.txt")]
    [InlineData("its folder does not exist", "--html", "none/x.html")]
    [InlineData("--thumbnails has no effect without --html", "--thumbnails", "3")]
    public async Task What_cannot_be_written_is_refused_before_anything_is_computed(string expected, params string[] options)
    {
        foreach (var name in PageRun.Commands)
        {
            var run = await Tool.RunAsync([name, name == "attack" ? "--surrogate" : "--model", "none.pt", .. options]);
            Assert.Equal(2, run.ExitCode);
            Assert.Contains(expected, run.Error, StringComparison.Ordinal);
        }
    }

    [ChromiumTheory]
    [InlineData(390)]
    [InlineData(1280)]
    public async Task In_a_browser_every_picture_is_seen_no_text_leaves_the_page_and_nothing_is_loaded(int width)
    {
        var browser = await pages.BrowserAsync();
        foreach (var name in PageRun.Names)
        {
            await browser.OpenAsync(pages.Page(name), width);
            Assert.All(browser.Requests, address => Assert.Matches("^(file|data):", address));
            await browser.EvaluateAsync("for (const more of document.querySelectorAll('details')) more.open = true");
            Assert.InRange((int)(await browser.EvaluateAsync("document.documentElement.scrollWidth"))!, 1, width);
            Assert.Equal("", Said(await browser.EvaluateAsync(
                """
                [...document.querySelectorAll("body *")].filter(each => each.closest(".box") === null)
                  .filter(each => { const box = each.getBoundingClientRect(); return box.width > 0 && (box.right > innerWidth + 1 || box.left < -1); })
                  .map(each => each.outerHTML.slice(0, 200)).join("\n")
                """)));
            Assert.Equal("", Said(await browser.EvaluateAsync(
                """
                Promise.all([...document.images].map(async image => {
                  await image.decode();
                  const canvas = Object.assign(document.createElement("canvas"), { width: image.naturalWidth, height: image.naturalHeight });
                  const context = canvas.getContext("2d");
                  context.drawImage(image, 0, 0);
                  const pixels = new Uint32Array(context.getImageData(0, 0, canvas.width, canvas.height).data.buffer);
                  return pixels.some(pixel => pixel !== pixels[0]) ? "" : image.alt;
                })).then(empty => empty.join(""))
                """)));
        }
    }

    [ChromiumTheory]
    [InlineData("#samples", 3)]
    [InlineData("#classes", 0)]
    public async Task A_click_on_a_head_sorts_and_a_second_one_turns_it_round(string section, int column)
    {
        var browser = await pages.BrowserAsync();
        await browser.OpenAsync(pages.Page("pvalue"), 1280);
        var head = $"document.querySelector('{section} table').tHead.rows[0].cells[{column}]";
        await browser.ClickAsync($"{head}.firstElementChild");
        var rising = await ColumnAsync();
        Assert.Equal(rising.Order(Comparer<string>.Create(Compare)), rising);
        Assert.Equal("ascending", Said(await browser.EvaluateAsync($"{head}.getAttribute('aria-sort')")));
        await browser.ClickAsync($"{head}.firstElementChild");
        Assert.Equal(rising.OrderDescending(Comparer<string>.Create(Compare)), await ColumnAsync());

        async Task<string[]> ColumnAsync() =>
            [.. ((JsonArray)(await browser.EvaluateAsync(
                $"[...document.querySelector('{section} table').tBodies[0].rows].map(row => row.cells[{column}].textContent)"))!)
                .Select(cell => (string)cell!)];

        static int Compare(string a, string b) => double.TryParse(a, CultureInfo.InvariantCulture, out var x)
            ? x.CompareTo(Number(b))
            : string.CompareOrdinal(a, b);
    }

    [ChromiumTheory]
    [InlineData("#samples", "tbody tr", "row => row.cells[1].textContent")]
    [InlineData("#images", "li", "item => item.dataset.decided")]
    public async Task A_chosen_class_alone_is_shown(string section, string item, string classOf)
    {
        var browser = await pages.BrowserAsync();
        await browser.OpenAsync(pages.Page("pvalue"), 390);
        var all = Said(await browser.EvaluateAsync(Shown()));
        var chosen = Said(await browser.EvaluateAsync(
            $$"""
            (() => {
              const select = [...document.querySelectorAll("{{section}} select")].find(each => each.parentNode.textContent.startsWith("decided"));
              select.value = select.options[1].value;
              select.dispatchEvent(new Event("change", { bubbles: true }));
              return select.value;
            })()
            """));
        var left = Said(await browser.EvaluateAsync(Shown())).Split('\n');
        Assert.NotEmpty(left);
        Assert.All(left, own => Assert.Equal(chosen, own));
        Assert.Equal(all.Split('\n').Where(own => own == chosen), left);

        string Shown() => $$"""
            [...document.querySelectorAll("{{section}} {{item}}")].filter(each => !each.hidden).map({{classOf}}).join("\n")
            """;
    }

    private static string Said(JsonNode? value) => (string)value!;

    private static double Number(string text) => double.Parse(text, CultureInfo.InvariantCulture);
}
