using System.CommandLine;
using MarginNet.Arrays;
using MarginNet.Certificates;
using MarginNet.Cli.Options;
using MarginNet.Cli.Output;
using MarginNet.Data;
using MarginNet.ModelFiles;
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
    /// <param name="prover">Proves their radii, or null for none.</param>
    /// <param name="cancellation">Stops between batches.</param>
    public static Samples Score(
        ParseResult parsed, UnitOptions units, MarginModel model, string path, string? labelsPath, RadiusProver? prover,
        CancellationToken cancellation)
    {
        var normalization = model.Network.Options.Normalization;
        var images = Fit(ImageArray.Read(path, units.PixelUnitOf(parsed), normalization), model, path, parsed.Note);
        units.Warn(parsed, images, normalization, path);
        labelsPath ??= File.Exists(LabelsOf(path)) ? LabelsOf(path) : null;
        var labels = labelsPath is null
            ? [.. Enumerable.Repeat(ImageSet.UnknownLabel, images.Count)]
            : ArrayFile.ReadLabels(labelsPath, model.ClassNames, images.Count, parsed.Note);
        if (labels.Length != images.Count)
        {
            throw new InvalidDataException($"{labelsPath} has {labels.Length} labels, but {path} has {images.Count} images: "
                + $"give one label for each{Samples.HeaderHint(labels, images.Count)}.");
        }

        var rows = parsed.Rows();
        var part = rows.Part(images);
        var scores = rows.Scores(
            $"scores of {path}", part.Count, model.ClassNames.Length, () => part.Score(model.Network, cancellation: cancellation));
        var own = labels.AsSpan(rows.First, part.Count);
        return Samples.FromModel(scores, own, model.ClassNames, path, units.ScoreKindOf(parsed))
            .With(prover is null ? null : rows.Take($"radii of {path}", part.Count, () => prover.Radii(
                scores, part, new CountDisplay(parsed.Notes(), "certified", "images", part.Count))))
            .Showing(Pictures.Of(part));
    }

    /// <summary>Takes [N, H, W, C] for what it is, and repeats grey for a network of colour;
    /// other images that are not the model's are refused.</summary>
    private static ImageArray Fit(ImageArray images, MarginModel model, string path, Action<string> note)
    {
        var (channels, (height, width)) = (model.Channels, model.ImageSize);
        var given = images;
        var isGreyLast = images.Width == 1 && images.Channels != 1;
        if (images.Channels != channels && (images.Width == channels || isGreyLast) && (images.Channels, images.Height) == (height, width))
        {
            images = images.FromChannelsLast();
            note($"'{path}' is read as [N, H, W, C], channels last.");
        }

        if (images.Channels == 1 && channels == 3 && (images.Height, images.Width) == (height, width) && images.Count != channels)
        {
            images = images.RepeatChannel(channels);
            note($"the images of '{path}' are grey, and are repeated for the {channels} channels of the model.");
        }

        return (images.Channels, images.Height, images.Width) == (channels, height, width)
            ? images
            : throw new UserErrorException(
                $"'{path}' has images of {given.Channels}x{given.Height}x{given.Width}, but the model takes {channels}x{height}x{width}: "
                + $"{Cure(images, model)}.");
    }

    private static string Cure(ImageArray images, MarginModel model) => (images.Channels, model.Channels) switch
    {
        (3, 1) => "make them grey, 0.299 R + 0.587 G + 0.114 B",
        (4, 3) => "leave transparency out, x[:, :3]",
        (1, 3) when images.Count == 3 => "3 grey images look like one of 3 channels, so give [3, 3, H, W] or [1, 3, H, W]",
        var (given, taken) when given != taken => $"give images of {taken} channel{(taken == 1 ? "" : "s")}, made as in training",
        _ => $"resize them to {model.ImageSize.Height}x{model.ImageSize.Width} as in training, or give picture files, which are resized",
    };
}
