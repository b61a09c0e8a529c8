using MarginNet.Cli.Input;
using MarginNet.Data;

namespace MarginNet.Cli.Pages;

/// <summary>A sample as pages show it: its picture, its classes, and which one it is.</summary>
internal static class SampleCard
{
    private const string Given = "given";
    private const string Decided = "decided";

    /// <summary>What a caption says of the lines below a picture.</summary>
    public const string Legend = "In bold the decided class, coloured where it is not the one given.";

    /// <param name="samples">The samples, which have pictures.</param>
    /// <param name="i">Which one.</param>
    /// <param name="more">What else is said of it.</param>
    public static GalleryItem Compose(Samples samples, int i, params IEnumerable<Html> more) => Beside(
        samples, i, Thumbnail.Embed(samples.Pictures!, i, Describe(samples, i), "one"), more);

    /// <summary>A sample with other pictures than its own alone.</summary>
    public static GalleryItem Beside(Samples samples, int i, Html pictures, params IEnumerable<Html> more)
    {
        var decided = samples.ClassNames[samples.Predicted[i]];
        var number = Html.Format($"<span class=\"soft\">{Which(samples, i)}</span>");
        if (samples.Labels[i] == ImageSet.UnknownLabel)
        {
            return new(pictures, [Html.Format($"<strong>{decided}</strong>"), .. more, number], (Decided, decided));
        }

        var (given, style) = (samples.ClassNames[samples.Labels[i]], samples.IsRight(i) ? "" : " class=\"differs\"");
        return new(
            pictures,
            [Html.Format($"<strong{new Html(style)}>{decided}</strong>"), Html.Format($"{Given} {given}"), .. more, number],
            (Given, given), (Decided, decided));
    }

    /// <summary>A sample in words, for those who do not see it.</summary>
    public static string Describe(Samples samples, int i) => samples.Labels[i] == ImageSet.UnknownLabel
        ? $"Sample {Which(samples, i)}, decided {samples.ClassNames[samples.Predicted[i]]}"
        : $"Sample {Which(samples, i)}, given {samples.ClassNames[samples.Labels[i]]}, decided {samples.ClassNames[samples.Predicted[i]]}";

    /// <summary>Why there are no pictures; null where there are.</summary>
    public static Html? Missing(Samples samples, int thumbnails) => thumbnails == 0
        ? Html.Format($"<p>No pictures are shown, as <code>--thumbnails 0</code> asks.</p>\n")
        : samples.Pictures is null
            ? Html.Format($"<p>No pictures are shown: {samples.Source} has scores, and not the images that they are of. Those of a <code>--model</code> are shown with its images.</p>\n")
            : null;

    /// <summary>The number of a sample, and its file where it has one.</summary>
    public static string Which(Samples samples, int i) => samples.Files.IsEmpty
        ? FormattableString.Invariant($"#{samples.Numbers[i]}")
        : FormattableString.Invariant($"#{samples.Numbers[i]} {Path.GetFileName(samples.Files[i])}");
}
