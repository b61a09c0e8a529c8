using System.Collections.Immutable;

namespace MarginNet.Data;

/// <summary>Reads a dataset kept as one JPEG or PNG file per image, <c>train/CLASS/…</c> and <c>test/CLASS/…</c>.</summary>
/// <remarks>
/// Images of another size are stretched to the one asked for by antialiased bilinear interpolation. Transparency and EXIF
/// orientation are ignored. Files that are not .jpg, .jpeg or .png, and names that start with a dot, are passed over.
/// </remarks>
public static class ImageFolder
{
    private static readonly ImmutableArray<string> Extensions = [".jpg", ".jpeg", ".png"];

    /// <summary>Loads the dataset; its classes are the folders' names in ordinal order, its images in ordinal order within each class.</summary>
    /// <param name="root">The folder that has <c>train</c> and <c>test</c>.</param>
    /// <param name="height">The height of the images in memory; default 32.</param>
    /// <param name="width">The width of the images in memory; default 32.</param>
    /// <param name="channels">3, the default, for RGB; 1 for grey.</param>
    /// <param name="cancellationToken">Stops the reading.</param>
    /// <returns>The dataset, named after the folder.</returns>
    /// <exception cref="DirectoryNotFoundException"><paramref name="root"/>, its <c>train</c> or its <c>test</c> does not exist.</exception>
    /// <exception cref="InvalidDataException">A class is empty or in one of the two only, there are fewer than two, or an image does not decode.</exception>
    /// <exception cref="OperationCanceledException">The reading was cancelled.</exception>
    public static ImageDataset Load(string root, int height = 32, int width = 32, int channels = 3, CancellationToken cancellationToken = default)
    {
        var (trainRoot, testRoot) = (Path.Combine(root, "train"), Path.Combine(root, "test"));
        var (trainClasses, testClasses) = (FindClasses(trainRoot), FindClasses(testRoot));
        CheckSame(trainClasses, trainRoot, testClasses, testRoot);
        var name = Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(root)));
        var (train, test) = (FindImages(trainRoot, trainClasses), FindImages(testRoot, testClasses));
        return new ImageDataset(
            name,
            trainClasses,
            Read(train, height, width, channels, cancellationToken),
            Read(test, height, width, channels, cancellationToken));
    }

    /// <summary>The names of the classes of a dataset, without its images.</summary>
    /// <param name="root">The folder that has <c>train</c>.</param>
    /// <returns>The folders' names in ordinal order, as <see cref="Load"/> gives them.</returns>
    /// <exception cref="DirectoryNotFoundException"><paramref name="root"/> or its <c>train</c> does not exist.</exception>
    public static ImmutableArray<string> ClassNames(string root) => FindClasses(Path.Combine(root, "train"));

    /// <summary>Reads loose image files, whose classes are unknown.</summary>
    /// <param name="files">JPEG or PNG files of any extension.</param>
    /// <param name="height">The height of the images in memory; default 32.</param>
    /// <param name="width">The width of the images in memory; default 32.</param>
    /// <param name="channels">3, the default, for RGB; 1 for grey.</param>
    /// <param name="cancellationToken">Stops the reading.</param>
    /// <returns>The images in the order of the files, with labels −1.</returns>
    /// <exception cref="FileNotFoundException">A file does not exist.</exception>
    /// <exception cref="InvalidDataException">An image does not decode.</exception>
    /// <exception cref="OperationCanceledException">The reading was cancelled.</exception>
    public static ImageSet ReadImages(
        IReadOnlyList<string> files, int height = 32, int width = 32, int channels = 3, CancellationToken cancellationToken = default) =>
        Read([.. files.Select(file => (file, ImageSet.UnknownLabel))], height, width, channels, cancellationToken);

    /// <summary>Decodes one image that is in memory, such as one received over a network.</summary>
    /// <param name="file">The content of a JPEG or PNG file, at most 33.5 million pixels.</param>
    /// <param name="name">What messages call it.</param>
    /// <param name="height">The height of the image in memory; default 32.</param>
    /// <param name="width">The width of the image in memory; default 32.</param>
    /// <param name="channels">3, the default, for RGB; 1 for grey.</param>
    /// <returns>A set of the one image, with label −1.</returns>
    /// <exception cref="InvalidDataException">The image does not decode.</exception>
    public static ImageSet DecodeImage(byte[] file, string name, int height = 32, int width = 32, int channels = 3)
    {
        var pixels = new byte[channels * height * width];
        ImageFile.Decode(file, name, channels, height, width, pixels);
        return ImageSet.Create(pixels, [ImageSet.UnknownLabel], channels, height, width);
    }

    private static ImmutableArray<string> FindClasses(string folder)
    {
        if (!Directory.Exists(folder))
        {
            throw new DirectoryNotFoundException($"'{folder}' does not exist: an image folder has train/CLASS/*.jpg|jpeg|png and test/CLASS/*.jpg|jpeg|png.");
        }

        ImmutableArray<string> classes =
            [.. Directory.EnumerateDirectories(folder).Select(path => Path.GetFileName(path)!).Where(IsVisible).Order(StringComparer.Ordinal)];
        return classes.Length >= 2
            ? classes
            : throw new InvalidDataException($"'{folder}' has {classes.Length} class folders, expected at least 2: one subfolder of images for each class.");
    }

    private static void CheckSame(ImmutableArray<string> train, string trainRoot, ImmutableArray<string> test, string testRoot)
    {
        var missing = train.Except(test).Select(name => (Name: name, In: trainRoot, NotIn: testRoot))
            .Concat(test.Except(train).Select(name => (Name: name, In: testRoot, NotIn: trainRoot)));
        foreach (var one in missing)
        {
            throw new InvalidDataException(
                $"Class '{one.Name}' is in '{one.In}' but not in '{one.NotIn}': both need the same class folders; add images there or remove the class.");
        }
    }

    private static (string Path, int Label)[] FindImages(string root, ImmutableArray<string> classes) =>
        [.. classes.SelectMany((name, label) => FindImages(Path.Combine(root, name)).Select(path => (path, label)))];

    private static string[] FindImages(string folder)
    {
        string[] files =
            [.. Directory.EnumerateFiles(folder)
                .Where(path => IsVisible(Path.GetFileName(path)) && Extensions.Contains(Path.GetExtension(path), StringComparer.OrdinalIgnoreCase))
                .Order(StringComparer.Ordinal)];
        return files.Length > 0
            ? files
            : throw new InvalidDataException($"Class folder '{folder}' has no .jpg, .jpeg or .png file: add images or remove the class from train and test.");
    }

    private static bool IsVisible(string name) => !name.StartsWith('.');

    private static ImageSet Read((string Path, int Label)[] files, int height, int width, int channels, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(height, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 1);
        if (channels is not (1 or 3))
        {
            throw new ArgumentOutOfRangeException(nameof(channels), channels, "Expected 1 channel (grey) or 3 (RGB).");
        }

        var images = new ReadOnlyMemory<byte>[files.Length];
        var failures = new Exception?[files.Length];
        _ = Parallel.For(0, files.Length, new ParallelOptions { CancellationToken = cancellationToken }, (i, loop) =>
        {
            try
            {
                var pixels = new byte[channels * height * width];
                ImageFile.Decode(files[i].Path, channels, height, width, pixels);
                images[i] = pixels;
            }
            catch (Exception e) when (e is InvalidDataException or IOException or UnauthorizedAccessException)
            {
                failures[i] = e;
                loop.Break(); // still runs the files before this one, so the failure reported is always the first
            }
        });

        return Array.Find(failures, e => e is not null) is { } failure
            ? throw failure
            : new ImageSet(images, [.. files.Select(file => file.Label)], channels, height, width);
    }
}
