using System.Collections.Immutable;

namespace MarginNet.Data;

/// <summary>A classification problem on images: its classes, the images to train on and the images to test on.</summary>
public sealed record ImageDataset
{
    /// <summary>Creates a dataset.</summary>
    /// <param name="name">A short name for messages and files.</param>
    /// <param name="classNames">The names of the classes, at least 2; label c is the c-th.</param>
    /// <param name="train">The training images.</param>
    /// <param name="test">The test images, of the same size.</param>
    /// <exception cref="ArgumentException">Fewer than two classes, a label without a class, or image sizes that differ.</exception>
    public ImageDataset(string name, ImmutableArray<string> classNames, ImageSet train, ImageSet test)
    {
        if (classNames.IsDefault || classNames.Length < 2)
        {
            throw new ArgumentException(
                $"Expected at least 2 classes, but got {(classNames.IsDefault ? 0 : classNames.Length)}.", nameof(classNames));
        }

        if (!test.HasSizeOf(train))
        {
            throw new ArgumentException($"Expected test images of {train.Size}, as in training, but got {test.Size}.", nameof(test));
        }

        (Name, ClassNames, Train, Test) = (name, classNames, train, test);
    }

    /// <summary>Gets the short name for messages and files.</summary>
    public string Name { get; }

    /// <summary>Gets the names of the classes; label c is the c-th.</summary>
    public ImmutableArray<string> ClassNames { get; }

    /// <summary>Gets the training images; every label is a class or −1, unknown.</summary>
    /// <exception cref="ArgumentException">A label has no class.</exception>
    public ImageSet Train { get; init => field = WithKnownLabels(value); }

    /// <summary>Gets the test images; every label is a class or −1, unknown.</summary>
    /// <exception cref="ArgumentException">A label has no class.</exception>
    public ImageSet Test { get; init => field = WithKnownLabels(value); }

    private ImageSet WithKnownLabels(ImageSet images)
    {
        for (var i = 0; i < images.Count; i++)
        {
            if (images.Labels[i] >= ClassNames.Length)
            {
                throw new ArgumentException($"Image {i} has label {images.Labels[i]}, but there are {ClassNames.Length} classes.");
            }
        }

        return images;
    }
}
