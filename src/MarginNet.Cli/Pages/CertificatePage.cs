using System.Globalization;
using System.Text.Json;
using MarginNet.Certificates;
using MarginNet.Cli.Figures;
using MarginNet.Cli.Input;
using MarginNet.Cli.Options;
using MarginNet.Cli.Output;
using MarginNet.Detection;

namespace MarginNet.Cli.Pages;

/// <summary>Certificates to look at: what is far from the border, and what is not.</summary>
/// <param name="radii">The certificates.</param>
/// <param name="samples">The samples.</param>
/// <param name="attackedAt">The least distance at which an attack had each sample misclassified; null without an attack.</param>
/// <param name="distances">The distances asked about, as they were given and as numbers.</param>
/// <param name="thumbnails">How many pictures there may be.</param>
internal sealed class CertificatePage(
    CertifiedRadius[] radii, Samples samples, double[]? attackedAt, (string Text, double Value)[] distances, int thumbnails)
{
    private const int Galleries = 3;

    private readonly string _norm = CertificateSettings.NameOf(radii[0].Norm);
    private readonly int[] _rising = [.. Enumerable.Range(0, radii.Length).OrderBy(i => radii[i].Radius).ThenBy(i => samples.Margins[i])];

    public Page Compose(string subject, string command) => new(
        "Certified radii",
        Html.Format($"How far {samples.Count:n0} images may change before the decision can, {subject}: no change of less {_norm} than the radius changes it. Pixels are in [0, 1]."),
        command,
        [
            new("accuracy", "Certified accuracy", Html.Format($"{FigureHtml.Embed(Curve())}{Distances()}")),
            new("images", "Images", Images()),
            new("samples", "Samples", Table()),
        ])
    {
        Facts = [.. Facts()],
    };

    private IEnumerable<PageFact> Facts()
    {
        var right = Clean();
        yield return new("images", Text($"{radii.Length:n0}"));
        yield return new("clean accuracy", Text($"{right.Rate:p1}"), ShareText.Interval(right));
        var (text, value) = distances[0];
        var certified = CertifiedAccuracy.Compute(radii, samples.Labels, value);
        yield return new($"certified at {text}", Text($"{certified.Rate:p1}"), ShareText.Interval(certified));
        if (right.Count > 0)
        {
            int[] rising = [.. _rising.Where(samples.IsRight)];
            yield return new("median radius", Text($"{radii[rising[(rising.Length - 1) / 2]].Radius:g3}"), $"{_norm}, of right decisions");
        }
    }

    private Figure Curve()
    {
        var list = string.Join(", ", distances.Select(
            each => Text($"{CertifiedAccuracy.Compute(radii, samples.Labels, each.Value).Rate:p1} within {each.Text}")));
        return new(
            "certified",
            "The share of images that are classified rightly with a radius above each distance. What an attack leaves is never below it.",
            Columns: 1,
            [
                new(
                    "Certified accuracy against the radius.",
                    Text($"Certified accuracy of {radii.Length} images, {Clean().Rate:p1} of which are classified rightly: {list}."),
                    CertifiedAccuracyPlot.Draw(radii, samples.Labels, Array.ConvertAll(distances, each => each.Value), attackedAt),
                    Width: 560,
                    Height: 420),
            ]);
    }

    private Html Distances() => ScrollTable.Compose(
        "Certified accuracy at the distances asked about, with exact 95 % intervals.",
        [
            ScrollTable.Head("distance"), ScrollTable.NumberHead($"{_norm}"), ScrollTable.NumberHead("certified"),
            .. attackedAt is null ? Array.Empty<Html>() : [ScrollTable.NumberHead("under attack (PGD)")],
        ],
        distances.Select(each => ScrollTable.Row(
            each.Text,
            [
                ScrollTable.Number($"{each.Value:g4}"), Share(CertifiedAccuracy.Compute(radii, samples.Labels, each.Value)),
                .. attackedAt is null ? Array.Empty<Html>() : [Share(AttackedDistance.Accuracy(attackedAt, each.Value))],
            ])));

    private Html Images()
    {
        if (SampleCard.Missing(samples, thumbnails) is { } missing)
        {
            return missing;
        }

        return Html.Format(
            $"""
            <h3>Least radius</h3>
            {Show(_rising.Where(samples.IsRight), "Right decisions nearest to a border, or without a certificate (0).")}
            <h3>Largest radius</h3>
            {Show(_rising.Reverse().Where(samples.IsRight), "Right decisions farthest from any border.")}
            <h3>Wrong with a certificate</h3>
            {Show(_rising.Reverse().Where(i => !samples.IsRight(i) && radii[i].Radius > 0), "Wrong decisions of largest radius, which no small change puts right.")}
            """);
    }

    private Html Show(IEnumerable<int> those, string caption) => Gallery.Compose(
        caption,
        [.. those.Take(Math.Max(1, thumbnails / Galleries)).Select(i => SampleCard.Compose(
            samples, i, Html.Format($"radius {radii[i].Radius:g2}"), Html.Format($"margin {samples.Margins[i]:g2}")))]);

    private Html Table() => ScrollTable.Sortable(
        $"Every image, the least radius first.{ScrollTable.Cut(radii.Length, "the least radii", "--output radii.csv has all")}",
        [
            ScrollTable.Head("sample"), ScrollTable.Head("decided"), ScrollTable.Head("given"), ScrollTable.NumberHead("margin"),
            ScrollTable.NumberHead("radius"), ScrollTable.Head("proven by"),
            .. attackedAt is null ? Array.Empty<Html>() : [ScrollTable.NumberHead("attacked within")],
        ],
        _rising.Take(ScrollTable.MostRows).Select(i => ScrollTable.Row(SampleCard.Which(samples, i), Cells(i))),
        1,
        2);

    private IEnumerable<Html> Cells(int i)
    {
        var decided = samples.ClassNames[samples.Predicted[i]];
        yield return samples.IsRight(i) ? ScrollTable.Cell(decided) : ScrollTable.Marked(decided);
        yield return ScrollTable.Cell(samples.ClassNames[samples.Labels[i]]);
        yield return ScrollTable.Number($"{samples.Margins[i]:g4}");
        yield return ScrollTable.Number($"{radii[i].Radius:g4}");
        yield return ScrollTable.Cell(JsonNamingPolicy.KebabCaseLower.ConvertName(radii[i].Source.ToString()));
        if (attackedAt is not null)
        {
            yield return double.IsFinite(attackedAt[i]) ? ScrollTable.Number($"{attackedAt[i]:g4}") : ScrollTable.Number($"-");
        }
    }

    private Proportion Clean() => new(Enumerable.Range(0, samples.Count).Count(samples.IsRight), samples.Count);

    private static Html Share(Proportion share)
    {
        var interval = share.ExactInterval();
        return ScrollTable.Number($"{share.Rate:p1} <small>[{100 * interval.Low:f1}, {100 * interval.High:f1}]</small>");
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
