using System.Collections.Immutable;
using MarginNet.Audit;
using MarginNet.Data;

namespace MarginNet.Cli.Input;

/// <summary>The labelled images that are audited, and those to test on, whose duplicates count too.</summary>
/// <param name="Train">The audited images.</param>
/// <param name="Test">The others.</param>
/// <param name="ClassNames">The names of the classes.</param>
/// <param name="Duplicates">What was found in both together, the training images first.</param>
internal sealed record AuditedImages(ImageSet Train, ImageSet Test, ImmutableArray<string> ClassNames, ImageDuplicates Duplicates)
{
    /// <summary>Searches the images for duplicates.</summary>
    public static AuditedImages Search(ImageSet train, ImageSet test, ImmutableArray<string> classNames, CancellationToken cancellation) =>
        new(train, test, classNames, ImageDuplicates.Find(ImageSet.Concat(train, test), cancellation));

    /// <summary>Whether an image, by its place in both sets together, is one of the audited.</summary>
    public bool IsTrain(int place) => place < Train.Count;

    public int Label(int place) => IsTrain(place) ? Train.Labels[place] : Test.Labels[place - Train.Count];

    public string LabelName(int place) => Label(place) is >= 0 and var label ? ClassNames[label] : "";

    /// <summary>The number of an image in its part of the data.</summary>
    public int Number(int place) => IsTrain(place) ? Train.Numbers[place] : Test.Numbers[place - Train.Count];

    /// <summary>The file of an image; null where it has none of its own.</summary>
    public string? FileOf(int place) => IsTrain(place)
        ? Train.Files.IsEmpty ? null : Train.Files[place]
        : Test.Files.IsEmpty ? null : Test.Files[place - Train.Count];

    public string Name(int place) => FileOf(place) ?? $"{(IsTrain(place) ? "training" : "test")} image {Number(place)}";

    /// <summary>The pairs whose labels differ.</summary>
    public IEnumerable<ImagePair> Conflicts => Duplicates.Pairs.Where(pair => Label(pair.First) != Label(pair.Second));

    /// <summary>The pairs of a training and a test image.</summary>
    public IEnumerable<ImagePair> Leaks => Duplicates.Pairs.Where(pair => IsTrain(pair.First) != IsTrain(pair.Second));
}
