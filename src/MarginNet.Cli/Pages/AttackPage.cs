using System.Globalization;
using System.Numerics.Tensors;
using MarginNet.Cli.Input;
using MarginNet.Cli.Output;
using MarginNet.Detection;

namespace MarginNet.Cli.Pages;

/// <summary>An attack to look at: each image before and after, and what was changed.</summary>
/// <param name="clean">The samples before, which have pictures.</param>
/// <param name="attacked">The same after.</param>
/// <param name="table">The accuracies that models keep.</param>
/// <param name="settings">The attack, in the words of the options.</param>
/// <param name="stuckCount">Images at which the gradient is exactly zero.</param>
/// <param name="thumbnails">How many pictures there may be.</param>
internal sealed class AttackPage(
    Samples clean, Samples attacked, AttackTable table, IReadOnlyDictionary<string, object?> settings, int stuckCount, int thumbnails)
{
    private const int PicturesOfEach = 3;

    private readonly int[] _changed = [.. Enumerable.Range(0, clean.Count)
        .Where(i => clean.IsRight(i) && !attacked.IsRight(i))
        .OrderByDescending(i => attacked.Margins[i])];

    private readonly int[] _held = [.. Enumerable.Range(0, clean.Count).Where(attacked.IsRight).OrderBy(i => attacked.Margins[i])];

    public Page Compose(string subject, string command) => new(
        "Attack",
        Html.Format($"{clean.Count:n0} images {subject}: {string.Join(", ", settings.Select(setting => Text($"{setting.Key} {setting.Value:g5}")))}. The gradients are those of {Path.GetFileName(table.Rows[0].Model)}."),
        command,
        [
            new("images", "Before and after", Images()),
            new("classes", "Classes", Classes()),
            new("models", "Models", Models()),
        ])
    {
        Facts = [.. Facts()],
    };

    private IEnumerable<PageFact> Facts()
    {
        var (_, before, after) = table.Rows[0];
        yield return new("images", Text($"{clean.Count:n0}"), Text($"the gradient is exactly zero at {stuckCount:n0}"));
        yield return new("clean accuracy", Text($"{before.Rate:p1}"), ShareText.Interval(before));
        yield return new("under attack", Text($"{after.Rate:p1}"), ShareText.Interval(after));
        var success = new Proportion(_changed.Length, before.Count);
        if (success.Total > 0)
        {
            yield return new(
                "success", Text($"{success.Rate:p1}"), Text($"{success.Count:n0} of {success.Total:n0} right decisions were changed"));
        }
    }

    private Html Images()
    {
        if (SampleCard.Missing(clean, thumbnails) is { } missing)
        {
            return missing;
        }

        var most = Math.Max(1, thumbnails / PicturesOfEach);
        int[] changed = [.. _changed.Take(Math.Max(most - _held.Length, (2 * most + 2) / 3))];
        int[] held = [.. _held.Take(most - changed.Length)];
        var largest = changed.Concat(held).Select(i => Largest(Difference(i))).DefaultIfEmpty(0).Max();
        var factor = largest > 0 ? Math.Max(1, Math.Floor(0.5 / largest)) : 1;
        var difference = attacked.Pictures!.Less(clean.Pictures!, factor);
        return Html.Format(
            $"""
            <h3>Changed</h3>
            {Show(changed, difference, factor, Text($"{changed.Length:n0} of {_changed.Length:n0} right decisions that the attack changed, those of largest margin first. The difference is enlarged {factor:g} times about grey."))}
            <h3>Held</h3>
            {Show(held, difference, factor, Text($"{held.Length:n0} of {_held.Length:n0} images that are decided rightly all the same, those of least margin first. The difference is enlarged {factor:g} times about grey."))}
            """);
    }

    private Html Show(int[] those, Pictures difference, double factor, string caption) => Gallery.Compose(
        caption, [.. those.Select(i => SampleCard.Beside(attacked, i, Row(i, difference, factor), Lines(i)))], isWide: true);

    private Html Row(int i, Pictures difference, double factor) => Html.Format(
        $"<div class=\"row\">{Picture(clean.Pictures!, i, "clean", SampleCard.Describe(clean, i))}{Picture(attacked.Pictures!, i, "attacked", SampleCard.Describe(attacked, i))}{Picture(difference, i, Text($"difference × {factor:g}"), $"Their difference, enlarged {Text($"{factor:g}")} times")}</div>");

    private static Html Picture(Pictures pictures, int i, string title, string description) =>
        Html.Format($"<div>{Thumbnail.Embed(pictures, i, description)}<span class=\"soft\">{title}</span></div>");

    private IEnumerable<Html> Lines(int i)
    {
        var difference = Difference(i);
        yield return Html.Format($"before {clean.ClassNames[clean.Predicted[i]]}, margin {clean.Margins[i]:g3}; after {attacked.Margins[i]:g3}");
        yield return Html.Format($"moved by {Largest(difference):g3} (l∞), {TensorPrimitives.Norm<float>(difference):g3} (l2)");
    }

    private Html Classes()
    {
        var byClass = Enumerable.Range(0, clean.Count).ToLookup(i => clean.Labels[i]);
        return ScrollTable.Sortable(
            "By class given: decisions that are right before and after, the share of those right before that the attack changed, "
                + "and to what most often.",
            [
                ScrollTable.Head("class"), ScrollTable.NumberHead("images"), ScrollTable.NumberHead("right before"),
                ScrollTable.NumberHead("right after"), ScrollTable.NumberHead("changed"), ScrollTable.Head("most often to"),
            ],
            byClass.OrderBy(group => group.Key).Select(group =>
            {
                var (before, after) = (group.Count(clean.IsRight), group.Count(attacked.IsRight));
                int[] changed = [.. group.Where(i => clean.IsRight(i) && !attacked.IsRight(i))];
                var most = changed.CountBy(i => attacked.Predicted[i])
                    .OrderByDescending(pair => pair.Value)
                    .Select(pair => attacked.ClassNames[pair.Key]);
                return ScrollTable.Row(
                    clean.ClassNames[group.Key],
                    ScrollTable.Number($"{group.Count():n0}"),
                    ScrollTable.Number($"{before:n0}"),
                    ScrollTable.Number($"{after:n0}"),
                    before == 0 ? ScrollTable.Number($"-") : ScrollTable.Number($"{(double)changed.Length / before:p1}"),
                    ScrollTable.Cell(most.FirstOrDefault("-")));
            }));
    }

    private Html Models() => ScrollTable.Compose(
        "Accuracy on the images before and after, with exact 95 % intervals; the first is the model whose gradients the attack follows.",
        [ScrollTable.Head("model"), ScrollTable.NumberHead("clean"), ScrollTable.NumberHead("attacked")],
        table.Rows.Select(row => ScrollTable.Row(row.Model, Share(row.Clean), Share(row.Attacked))));

    private float[] Difference(int i)
    {
        var (before, after) = (clean.Pictures!.Pixels(i), attacked.Pictures!.Pixels(i));
        TensorPrimitives.Subtract(after, before, after);
        return after;
    }

    private static float Largest(float[] difference) => Math.Abs(TensorPrimitives.MaxMagnitude<float>(difference));

    private static Html Share(Proportion share)
    {
        var interval = share.ExactInterval();
        return ScrollTable.Number($"{share.Rate:p1} <small>[{100 * interval.Low:f1}, {100 * interval.High:f1}]</small>");
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
