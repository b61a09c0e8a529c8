using MarginNet.Cli.Input;
using MathNet.Numerics.Statistics;

namespace MarginNet.Cli.Pages;

/// <summary>The right decisions of each class whose margins are nearest to the median of these: what the class looks like.</summary>
/// <param name="samples">The samples, which have pictures.</param>
/// <param name="each">How many of a class.</param>
internal sealed class TypicalSamples(Samples samples, int each)
{
    private readonly Dictionary<int, int[]> _ofClass = Enumerable.Range(0, samples.Count)
        .Where(samples.IsRight)
        .GroupBy(i => samples.Predicted[i])
        .ToDictionary(group => group.Key, group => Nearest(samples, [.. group], each));

    /// <summary>A sample beside the typical ones of some classes.</summary>
    public Html Beside(int sample, params IEnumerable<int> classes) => Html.Format(
        $"""
        <div class="row">{Thumbnail.Embed(samples.Pictures!, sample, SampleCard.Describe(samples, sample))}<div>{classes.Where(_ofClass.ContainsKey).Select(Strip)}</div></div>
        """);

    private Html Strip(int own) => Html.Format(
        $"<span class=\"soft\">typical {samples.ClassNames[own]}</span><div class=\"strip\">{_ofClass[own].Select(i => Thumbnail.Embed(samples.Pictures!, i, $"A typical {samples.ClassNames[own]}, {SampleCard.Which(samples, i)}", "tiny"))}</div>");

    private static int[] Nearest(Samples samples, int[] own, int each)
    {
        var median = own.Select(i => samples.Margins[i]).Median();
        return [.. own.OrderBy(i => Math.Abs(samples.Margins[i] - median)).Take(each)];
    }
}
