using System.Collections.Immutable;
using System.Globalization;
using System.Xml.Linq;
using MarginNet.Cli.Input;
using MarginNet.Cli.Output;
using MarginNet.Cli.Pages;
using MarginNet.Data;
using MarginNet.Margins;
using MarginNet.PValues;

namespace MarginNet.Cli.Tests.Pages;

public sealed class PValuePageTests
{
    private const int Count = 50_000;
    private const int Classes = 10;

    [Fact]
    public void A_page_of_fifty_thousand_images_that_do_not_compress_is_below_ten_megabytes_and_says_what_is_left_out()
    {
        var random = new Random(1);
        var noise = new byte[3 * 32 * 32];
        random.NextBytes(noise);
        var images = ImageSet.Create(noise, [0], 3, 32, 32).Select(new int[Count]);
        int[] labels = [.. Enumerable.Range(0, Count).Select(i => i % Classes)];
        var scores = new float[Count * Classes];
        for (var i = 0; i < scores.Length; i++)
        {
            scores[i] = random.NextSingle() + (i % Classes == labels[i / Classes] ? random.NextSingle() : 0);
        }

        ImmutableArray<string> names = [.. Enumerable.Range(0, Classes).Select(c => $"a class called {c}")];
        var samples = Samples.FromModel(new ScoreMatrix(scores, Classes), labels, names, "the network").From(images);
        var options = new MarginNullOptions { FitTestDraws = 0, Mixture = new() { MaxComponents = 1 } };
        var nullModel = MarginNullModel.Fit(samples.Margins, samples.Predicted, samples.Labels, Classes, options);
        var rule = FlagRule.Calibrate(nullModel, 0.05);
        var page = new PValuePage(PValueTable.Compute(samples, nullModel, rule, adjust: false), samples, nullModel, thumbnails: 200)
            .Compose("of noise", "marginnet pvalue").Compose();
        Assert.InRange(page.Length, 100_000, 10_000_000);
        Assert.Equal(200, page.Split("data:image/png").Length - 1);
        var table = XDocument.Parse(page).Descendants("section").Single(each => each.Attribute("id")!.Value == "samples");
        Assert.Equal(ScrollTable.MostRows, table.Descendants("tbody").Elements("tr").Count());
        Assert.Contains("The 2,000 with the smallest p-values of 50,000 are shown; --output p.csv has all.", table.Value, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_page_with_sets_shows_each_and_how_large_they_are_and_how_often_they_hold_the_true_class(bool areLabelled)
    {
        const int Few = 300;
        var random = new Random(2);
        int[] labels = [.. Enumerable.Range(0, Few).Select(i => i % 3)];
        var scores = new float[Few * 3];
        for (var i = 0; i < scores.Length; i++)
        {
            scores[i] = (3 * random.NextSingle()) + (i % 3 == labels[i / 3] ? 2 * random.NextSingle() : 0);
        }

        ImmutableArray<string> names = ["cat", "dog", "<bird>"];
        var known = Samples.FromModel(new ScoreMatrix(scores, 3), labels, names, "the network");
        var nullModel = MarginNullModel.Fit(known.Logits, labels, new() { FitTestDraws = 0 });
        var images = ImageSet.Create(new byte[12], [0], 3, 2, 2).Select(new int[Few]);
        var samples = areLabelled
            ? known.From(images)
            : Samples.FromModel(new ScoreMatrix(scores, 3), [.. Enumerable.Repeat(ImageSet.UnknownLabel, Few)], names, "the network").From(images);
        var sets = new ClassSets(SetCalibration.Fit(known.Logits, labels).ToSets(new() { Score = NonconformityScore.Lac }), "lac", 0.9, 1);
        var table = PValueTable.Compute(samples, nullModel, FlagRule.Calibrate(nullModel, 0.05), adjust: false, sets: sets);
        var page = XDocument.Parse(new PValuePage(table, samples, nullModel, thumbnails: 10).Compose("of drawn logits", "marginnet pvalue").Compose());
        XElement Section(string id) => page.Descendants("section").Single(each => each.Attribute("id")!.Value == id);
        var least = Enumerable.Range(0, Few).MinBy(i => (table.Rows[i].Adjusted, table.Rows[i].PValue.Extrapolated, table.Rows[i].Margin));
        var set = string.Join(", ", table.Rows[least].Set!.Select(y => names[y]));
        Assert.Contains(Section("images").Descendants("li").First().Elements("div"), line => line.Value == $"set: {set}");
        Assert.Equal(set, Section("samples").Descendants("tbody").Elements("tr").First().Elements("td").Last().Value);
        var sizes = Section("sets").Descendants("tbody").Elements("tr").ToArray();
        Assert.Equal(Few, sizes.Sum(row => int.Parse(row.Elements("td").First().Value, CultureInfo.InvariantCulture)));
        var facts = page.Descendants("dl").Elements("div").ToDictionary(fact => fact.Element("dt")!.Value, fact => fact.Element("dd")!.Value);
        var average = table.Rows.Average(row => row.Set!.Length);
        Assert.Equal(average.ToString("f2", CultureInfo.InvariantCulture), facts["classes in a set"]);
        Assert.Equal(areLabelled, facts.ContainsKey("true class in the set"));
        var found = areLabelled ? Enumerable.Range(0, Few).Count(i => table.Rows[i].Set!.Contains(labels[i])) : 0;
        Assert.Equal(areLabelled ? new(found, Few) : default, table.Covered());
    }
}
