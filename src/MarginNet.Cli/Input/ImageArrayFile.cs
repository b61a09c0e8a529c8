using System.CommandLine;
using MarginNet.Arrays;
using MarginNet.Cli.Options;
using MarginNet.Data;
using MarginNet.Models;

namespace MarginNet.Cli.Input;

/// <summary>Images in a .npy file, and their labels in a file named after it.</summary>
internal static class ImageArrayFile
{
    public static bool IsOne(string path) => Path.GetExtension(path).Equals(".npy", StringComparison.OrdinalIgnoreCase);

    /// <summary>The file of the labels, x.labels.npy for x.npy.</summary>
    public static string LabelsOf(string path) => Path.ChangeExtension(path, ".labels.npy");

    /// <summary>Scores the images; their labels come from the file given, from the one named after the images, or are unknown.</summary>
    /// <param name="parsed">The command line, for where notes and warnings go.</param>
    /// <param name="units">What it says of the pixels and scores.</param>
    /// <param name="model">The model.</param>
    /// <param name="path">The images.</param>
    /// <param name="labelsPath">Their labels, or null.</param>
    /// <param name="cancellation">Stops between batches.</param>
    public static Samples Score(ParseResult parsed, UnitOptions units, MarginModel model, string path, string? labelsPath, CancellationToken cancellation)
    {
        var normalization = model.Network.Options.Normalization;
        var images = ImageArray.Read(path, units.PixelUnitOf(parsed), normalization);
        units.Warn(parsed, images, normalization, path);
        var (height, width) = model.ImageSize;
        if ((images.Channels, images.Height, images.Width) != (3, height, width))
        {
            throw new UserErrorException($"'{path}' has images of {images.Channels}x{images.Height}x{images.Width}, but the model takes 3x{height}x{width}: give images made for it.");
        }

        labelsPath ??= File.Exists(LabelsOf(path)) ? LabelsOf(path) : null;
        var labels = labelsPath is null ? [.. Enumerable.Repeat(ImageSet.UnknownLabel, images.Count)] : ArrayFile.ReadLabels(labelsPath, model.ClassNames, images.Count, parsed.Note);
        return labels.Length == images.Count
            ? Samples.FromModel(images.Score(model.Network, cancellation: cancellation), labels, model.ClassNames, path, units.ScoreKindOf(parsed))
            : throw new InvalidDataException($"{labelsPath} has {labels.Length} labels, but {path} has {images.Count} images: give one label for each{Samples.HeaderHint(labels, images.Count)}.");
    }
}
