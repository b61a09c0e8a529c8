using System.Collections.Immutable;

namespace MarginNet.Data;

/// <summary>Reads a dataset kept as one picture file per image, <c>train/CLASS/…</c> and <c>test/CLASS/…</c>.</summary>
/// <remarks>
/// Read are JPEG (grey, colour and print colours, baseline and progressive), PNG (every depth; of 16 bits the higher 8), BMP and WebP,
/// whatever a file is called; WebP needs SkiaSharp's native library. <see cref="ImageOptions"/> says what becomes of another size, shape,
/// orientation and number of channels; images are resized by antialiased bilinear interpolation. Files that are not .jpg, .jpeg, .png, .bmp
/// or .webp, and names that start with a dot, are passed over.
/// </remarks>
public static class ImageFolder
{
    private const string Patterns = "*.jpg|jpeg|png|bmp|webp";
    private const int MostNamed = 5;

    /// <summary>Loads the dataset; its classes are the folders' names in ordinal order,
    /// its images in ordinal order within each class.</summary>
    /// <param name="root">The folder that has <c>train</c> and <c>test</c>.</param>
    /// <param name="height">The height of the images in memory; default 32.</param>
    /// <param name="width">The width of the images in memory; default 32.</param>
    /// <param name="channels">3, the default, for RGB; 1 for grey; 4 for RGB and transparency.</param>
    /// <param name="cancellationToken">Stops the reading.</param>
    /// <returns>The dataset, named after the folder.</returns>
    /// <exception cref="DirectoryNotFoundException"><paramref name="root"/>,
    /// its <c>train</c> or its <c>test</c> does not exist.</exception>
    /// <exception cref="InvalidDataException">A class is empty or in one of the two only, there are fewer than two,
    /// or an image does not decode.</exception>
    /// <exception cref="OperationCanceledException">The reading was cancelled.</exception>
    public static ImageDataset Load(
        string root, int height = 32, int width = 32, int channels = 3, CancellationToken cancellationToken = default) =>
        Load(root, new() { Height = height, Width = width, Channels = channels }, cancellationToken);

    /// <summary>Loads the dataset; its classes are the folders' names in ordinal order,
    /// its images in ordinal order within each class.</summary>
    /// <param name="root">The folder that has <c>train</c> and <c>test</c>.</param>
    /// <param name="options">What becomes of each picture.</param>
    /// <param name="cancellationToken">Stops the reading.</param>
    /// <returns>The dataset, named after the folder; its images know their files.</returns>
    /// <exception cref="DirectoryNotFoundException"><paramref name="root"/>,
    /// its <c>train</c> or its <c>test</c> does not exist.</exception>
    /// <exception cref="InvalidDataException">A class is empty or in one of the two only, there are fewer than two,
    /// or an image does not decode.</exception>
    /// <exception cref="OperationCanceledException">The reading was cancelled.</exception>
    public static ImageDataset Load(string root, ImageOptions options, CancellationToken cancellationToken = default)
    {
        var (trainRoot, testRoot) = (Path.Combine(root, "train"), Path.Combine(root, "test"));
        var (trainClasses, testClasses) = (FindClasses(trainRoot), FindClasses(testRoot));
        CheckSame(trainClasses, trainRoot, testClasses, testRoot);
        var name = Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(root)));
        var (train, test) = (FindImages(trainRoot, trainClasses, options), FindImages(testRoot, testClasses, options));
        return new ImageDataset(name, trainClasses, Read(train, options, cancellationToken), Read(test, options, cancellationToken));
    }

    /// <summary>The names of the classes of a dataset, without its images.</summary>
    /// <param name="root">The folder that has <c>train</c>.</param>
    /// <returns>The folders' names in ordinal order, as <see cref="Load(string, int, int, int, CancellationToken)"/> gives them.</returns>
    /// <exception cref="DirectoryNotFoundException"><paramref name="root"/> or its <c>train</c> does not exist.</exception>
    public static ImmutableArray<string> ClassNames(string root) => FindClasses(Path.Combine(root, "train"));

    /// <summary>Reads loose picture files, whose classes are unknown.</summary>
    /// <param name="files">JPEG, PNG, BMP or WebP files of any extension.</param>
    /// <param name="height">The height of the images in memory; default 32.</param>
    /// <param name="width">The width of the images in memory; default 32.</param>
    /// <param name="channels">3, the default, for RGB; 1 for grey; 4 for RGB and transparency.</param>
    /// <param name="cancellationToken">Stops the reading.</param>
    /// <returns>The images in the order of the files, with labels −1.</returns>
    /// <exception cref="FileNotFoundException">A file does not exist.</exception>
    /// <exception cref="InvalidDataException">An image does not decode.</exception>
    /// <exception cref="OperationCanceledException">The reading was cancelled.</exception>
    public static ImageSet ReadImages(
        IReadOnlyList<string> files, int height = 32, int width = 32, int channels = 3, CancellationToken cancellationToken = default) =>
        ReadImages(files, new() { Height = height, Width = width, Channels = channels }, cancellationToken);

    /// <summary>Reads loose picture files, whose classes are unknown.</summary>
    /// <param name="files">JPEG, PNG, BMP or WebP files of any extension.</param>
    /// <param name="options">What becomes of each picture.</param>
    /// <param name="cancellationToken">Stops the reading.</param>
    /// <returns>The images in the order of the files, which they know, with labels −1.</returns>
    /// <exception cref="FileNotFoundException">A file does not exist.</exception>
    /// <exception cref="InvalidDataException">An image does not decode.</exception>
    /// <exception cref="OperationCanceledException">The reading was cancelled.</exception>
    public static ImageSet ReadImages(IReadOnlyList<string> files, ImageOptions options, CancellationToken cancellationToken = default) =>
        Read([.. files.Select(file => (file, ImageSet.UnknownLabel))], options, cancellationToken);

    /// <summary>Decodes one image that is in memory, such as one received over a network.</summary>
    /// <param name="file">The content of a JPEG, PNG, BMP or WebP file, at most 33.5 million pixels.</param>
    /// <param name="name">What messages call it.</param>
    /// <param name="height">The height of the image in memory; default 32.</param>
    /// <param name="width">The width of the image in memory; default 32.</param>
    /// <param name="channels">3, the default, for RGB; 1 for grey; 4 for RGB and transparency.</param>
    /// <returns>A set of the one image, with label −1.</returns>
    /// <exception cref="InvalidDataException">The image does not decode.</exception>
    public static ImageSet DecodeImage(byte[] file, string name, int height = 32, int width = 32, int channels = 3) =>
        DecodeImage(file, name, new() { Height = height, Width = width, Channels = channels });

    /// <summary>Decodes one image that is in memory, such as one received over a network.</summary>
    /// <param name="file">The content of a JPEG, PNG, BMP or WebP file, at most 33.5 million pixels.</param>
    /// <param name="name">What messages call it.</param>
    /// <param name="options">What becomes of the picture.</param>
    /// <returns>A set of the one image, with label −1.</returns>
    /// <exception cref="InvalidDataException">The image does not decode.</exception>
    public static ImageSet DecodeImage(byte[] file, string name, ImageOptions options)
    {
        options.ThrowIfInvalid();
        var pixels = new byte[options.Channels * options.Height * options.Width];
        Warn(options, [name], [ImageFile.Decode(file, name, options, pixels)]);
        return ImageSet.Create(pixels, [ImageSet.UnknownLabel], options.Channels, options.Height, options.Width);
    }

    /// <summary>Whether a file is a picture by its name: .jpg, .jpeg, .png, .bmp or .webp, not beginning with a dot.</summary>
    /// <param name="path">Its name or path.</param>
    public static bool IsPicture(string path) => IsVisible(Path.GetFileName(path)) && PictureFormat.IsReadByName(path);

    private static ImmutableArray<string> FindClasses(string folder)
    {
        if (!Directory.Exists(folder))
        {
            throw new DirectoryNotFoundException(
                $"'{folder}' does not exist: an image folder has train/CLASS/{Patterns} and test/CLASS/{Patterns}.");
        }

        ImmutableArray<string> classes =
            [.. Directory.EnumerateDirectories(folder)
                .Select(path => Path.GetFileName(path)!)
                .Where(IsVisible)
                .Order(StringComparer.Ordinal)];
        return classes.Length >= 2
            ? classes
            : throw new InvalidDataException(
                $"'{folder}' has {classes.Length} class folders, expected at least 2: one subfolder of images for each class.");
    }

    private static void CheckSame(ImmutableArray<string> train, string trainRoot, ImmutableArray<string> test, string testRoot)
    {
        var missing = train.Except(test).Select(name => (Name: name, In: trainRoot, NotIn: testRoot))
            .Concat(test.Except(train).Select(name => (Name: name, In: testRoot, NotIn: trainRoot)));
        foreach (var one in missing)
        {
            throw new InvalidDataException(
                $"Class '{one.Name}' is in '{one.In}' but not in '{one.NotIn}': both need the same class folders; "
                + "add images there or remove the class.");
        }
    }

    private static (string Path, int Label)[] FindImages(string root, ImmutableArray<string> classes, ImageOptions options) =>
        [.. classes.SelectMany((name, label) => FindImages(Path.Combine(root, name), options).Select(path => (path, label)))];

    private static string[] FindImages(string folder, ImageOptions options)
    {
        string[] all = [.. Directory.EnumerateFiles(folder).Where(path => IsVisible(Path.GetFileName(path))).Order(StringComparer.Ordinal)];
        var (files, others) = (Array.FindAll(all, PictureFormat.IsReadByName), Array.FindAll(all, PictureFormat.IsPassedOverByName));
        if (files.Length == 0)
        {
            var found = others.Length == 0
                ? ""
                : $" (but {others.Length} such as '{Path.GetFileName(others[0])}', which are not read: save them as PNG or JPEG)";
            throw new InvalidDataException(
                $"Class folder '{folder}' has no {Patterns} file{found}: add images or remove the class from train and test.");
        }

        if (others.Length > 0)
        {
            options.Warn?.Invoke(
                $"'{folder}' has {others.Length} picture files that are not read, such as '{Path.GetFileName(others[0])}': "
                + "save them as PNG or JPEG.");
        }

        return files;
    }

    private static bool IsVisible(string name) => !name.StartsWith('.');

    private static ImageSet Read((string Path, int Label)[] files, ImageOptions options, CancellationToken cancellationToken)
    {
        options.ThrowIfInvalid();
        if (options.Stream)
        {
            return new(
                new PictureStream(options), Array.ConvertAll(files, file => file.Label), options.Channels, options.Height, options.Width,
                [.. files.Select(file => file.Path)]);
        }

        var images = new ReadOnlyMemory<byte>[files.Length];
        var notes = new PictureNotes[files.Length];
        var failures = new Exception?[files.Length];
        _ = Parallel.For(0, files.Length, new ParallelOptions { CancellationToken = cancellationToken }, (i, loop) =>
        {
            try
            {
                var pixels = new byte[options.Channels * options.Height * options.Width];
                notes[i] = ImageFile.Decode(files[i].Path, options, pixels);
                images[i] = pixels;
            }
            catch (Exception e) when (e is InvalidDataException or IOException or UnauthorizedAccessException)
            {
                failures[i] = e;
                loop.Break(); // still runs the files before this one, so the failure reported is always the first
            }
        });

        if (Array.Find(failures, e => e is not null) is { } failure)
        {
            throw failure;
        }

        string[] paths = Array.ConvertAll(files, file => file.Path);
        Warn(options, paths, notes);
        int[] labels = Array.ConvertAll(files, file => file.Label);
        return new ImageSet(images, labels, options.Channels, options.Height, options.Width).WithFiles([.. paths]);
    }

    private static void Warn(ImageOptions options, string[] paths, PictureNotes[] notes)
    {
        if (options.Warn is not { } warn)
        {
            return;
        }

        var damaged = paths.Zip(notes, (path, note) => (path, note.Damage)).Where(one => one.Damage is not null).ToArray();
        foreach (var (path, damage) in damaged.Take(MostNamed))
        {
            warn($"'{path}' {damage}");
        }

        if (damaged.Length > MostNamed)
        {
            warn($"{damaged.Length - MostNamed} more images are cut or damaged, the last of them '{damaged[^1].path}'.");
        }

        var turned = paths.Zip(notes, (path, note) => (path, note.Orientation))
            .Where(one => one.Orientation != ExifOrientation.Upright).ToArray();
        if (turned.Length > 0 && options.ApplyOrientation is null)
        {
            warn(
                $"{turned.Length} of {paths.Length} images, such as '{turned[0].path}', ask by EXIF to be turned, "
                + "and were read as they are stored: "
                + "--exif apply turns them, --exif ignore says nothing.");
        }
    }
}
