using System.Collections.Immutable;
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
}
