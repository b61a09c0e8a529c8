using MarginNet.Cli.Input;
using MarginNet.Data;

namespace MarginNet.Cli.Pages;

/// <summary>A sample as pages show it: its picture, its classes, and which one it is.</summary>
internal static class SampleCard
{
    private const string Given = "given";
    private const string Decided = "decided";

    /// <param name="samples">The samples, which have pictures.</param>
    /// <param name="i">Which one.</param>
    /// <param name="more">What else is said of it, by name.</param>
    public static GalleryItem Compose(Samples samples, int i, params (string Name, Html Value)[] more) => Compose(
        samples, i, Thumbnail.Embed(samples.Pictures!, i, Describe(samples, i), "one"), more);

    /// <summary>A sample with pictures beside its own.</summary>
    public static GalleryItem Compose(Samples samples, int i, Html pictures, params (string Name, Html Value)[] more)
    {
        var decided = samples.ClassNames[samples.Predicted[i]];
        var isKnown = samples.Labels[i] != ImageSet.UnknownLabel;
        (string, Html)[] given = isKnown ? [(Given, Html.Format($"{NameOf(samples, samples.Labels[i])}"))] : [];
        (string, string)[] classes = isKnown ? [(Given, NameOf(samples, samples.Labels[i])), (Decided, decided)] : [(Decided, decided)];
        return new(
            pictures,
            [(Decided, Gallery.Decided(decided, isKnown && !samples.IsRight(i))), .. given, .. more, ("sample", Html.Format($"{Which(samples, i)}"))],
            classes);
    }

    /// <summary>A sample in words, for those who do not see it.</summary>
    public static string Describe(Samples samples, int i) => samples.Labels[i] == ImageSet.UnknownLabel
        ? $"Sample {Which(samples, i)}, decided {samples.ClassNames[samples.Predicted[i]]}"
        : $"Sample {Which(samples, i)}, a {NameOf(samples, samples.Labels[i])}, decided {samples.ClassNames[samples.Predicted[i]]}";

    /// <summary>Why there are no pictures; null where there are.</summary>
    public static Html? Missing(Samples samples, int thumbnails) => thumbnails == 0
        ? Html.Format($"<p>No pictures are shown, as <code>--thumbnails 0</code> asks.</p>\n")
        : samples.Pictures is null
            ? Html.Format($"<p>No pictures are shown: {samples.Source} has scores, and not the images that they are of. Those of a <code>--model</code> are shown with its images.</p>\n")
            : null;

    /// <summary>The number of a sample, and its file where it has one.</summary>
    public static string Which(Samples samples, int i) => samples.Files.IsEmpty
        ? FormattableString.Invariant($"{samples.Numbers[i]}")
        : FormattableString.Invariant($"{samples.Numbers[i]}, {Path.GetFileName(samples.Files[i])}");

    private static string NameOf(Samples samples, int label) => samples.ClassNames[label];
}
