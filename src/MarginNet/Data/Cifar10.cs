using System.Collections.Immutable;

namespace MarginNet.Data;

/// <summary>
/// CIFAR-10 (Krizhevsky, 2009) in its binary form: records of 3,073 bytes, a label and 3×32×32 channel-planar pixels, in five
/// training files and one test file.
/// </summary>
public static class Cifar10
{
    internal const string ArchiveName = "cifar-10-binary.tar.gz";
    internal const string SubfolderName = "cifar-10-batches-bin";
    internal const string TestFile = "test_batch.bin";

    internal static readonly ImmutableArray<string> TrainFiles = [.. Enumerable.Range(1, 5).Select(i => $"data_batch_{i}.bin")];

    /// <summary>Gets the ten classes in the order of their labels.</summary>
    public static ImmutableArray<string> ClassNames { get; } =
        ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"];

    /// <summary>Gets the published archive: 170 MB over HTTPS, with the checksum its author states.</summary>
    public static VerifiedDownload Archive { get; } = new()
    {
        Source = new Uri("https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz"),
        FileName = ArchiveName,
        Md5 = "c32a1d4ab5d03f1284b67883e8d87530",
        Alternative = "pass --data-dir with a folder that holds cifar-10-binary.tar.gz or its unpacked files, or --data synthetic, "
            + "which needs no download",
    };

    /// <summary>Loads the dataset from a folder or straight from the archive; each file may have any number of records,
    /// at least one.</summary>
    /// <param name="path">
    /// A folder with <c>data_batch_1.bin</c> … <c>data_batch_5.bin</c> and <c>test_batch.bin</c>, or with a subfolder
    /// <c>cifar-10-batches-bin</c> that has them, or with <c>cifar-10-binary.tar.gz</c>; or the path of such an archive.
    /// </param>
    /// <returns>The dataset, with images of 3×32×32.</returns>
    /// <exception cref="DirectoryNotFoundException"><paramref name="path"/> does not exist.</exception>
    /// <exception cref="FileNotFoundException">A file of the dataset is missing.</exception>
    /// <exception cref="InvalidDataException">A file is empty, damaged, or not of this form.</exception>
    public static ImageDataset Load(string path)
    {
        if (File.Exists(path))
        {
            return Cifar10Archive.Read(path);
        }

        if (!Directory.Exists(path))
        {
            throw new DirectoryNotFoundException(
                $"'{path}' does not exist: expected a folder with the CIFAR-10 binary files or with {ArchiveName}.");
        }

        var subfolder = Path.Combine(path, SubfolderName);
        if (HasBatch(path) || HasBatch(subfolder))
        {
            return ReadFolder(HasBatch(path) ? path : subfolder);
        }

        var archive = Path.Combine(path, ArchiveName);
        return File.Exists(archive) ? Cifar10Archive.Read(archive) : throw new FileNotFoundException(NothingFound(path), TrainFiles[0]);
    }

    /// <summary>Loads the dataset from a folder after downloading the archive into it if it holds none of the
    /// forms <see cref="Load"/> reads.</summary>
    /// <param name="folder">The folder; null, the default, is the subfolder <c>marginnet</c> of the user's cache folder.</param>
    /// <param name="archive">What to download; null, the default, is <see cref="Archive"/>.</param>
    /// <param name="progress">Told of the bytes as they arrive; null, the default, for nobody.</param>
    /// <param name="cancellationToken">Stops the download; the next call resumes it.</param>
    /// <returns>The dataset.</returns>
    /// <exception cref="IOException">The download failed, or the folder cannot be written; the message says what to do instead.</exception>
    /// <exception cref="InvalidDataException">The checksum is wrong, or a file is damaged.</exception>
    public static async Task<ImageDataset> LoadOrDownloadAsync(
        string? folder = null,
        VerifiedDownload? archive = null,
        IProgress<DownloadProgress>? progress = null,
        CancellationToken cancellationToken = default)
    {
        folder ??= VerifiedDownload.DefaultFolder;
        var isPresent = File.Exists(folder) || HasBatch(folder) || HasBatch(Path.Combine(folder, SubfolderName));
        return Load(isPresent ? folder : await (archive ?? Archive).FetchAsync(folder, progress, cancellationToken));
    }

    internal static ImageDataset Assemble(Func<string, ImageSet> read) =>
        new("cifar10", ClassNames, ImageSet.Concat([.. TrainFiles.Select(read)]), read(TestFile));

    private static bool HasBatch(string folder) => TrainFiles.Append(TestFile).Any(name => File.Exists(Path.Combine(folder, name)));

    private static ImageDataset ReadFolder(string folder) => Assemble(name =>
    {
        var path = Path.Combine(folder, name);
        if (!File.Exists(path))
        {
            throw new FileNotFoundException(
                $"'{path}' is missing: CIFAR-10 has {TrainFiles[0]} … {TrainFiles[^1]} and {TestFile}; unpack all of {ArchiveName}.", path);
        }

        using var stream = File.OpenRead(path);
        return Cifar10Records.Read(stream, stream.Length, path);
    });

    private static string NothingFound(string folder) => File.Exists(Path.Combine(folder, "data_batch_1"))
        ? $"'{folder}' holds the Python version of CIFAR-10: expected the binary version, {TrainFiles[0]} … {TestFile} or {ArchiveName}."
        : $"'{folder}' has neither {TrainFiles[0]}, nor {SubfolderName}/{TrainFiles[0]}, nor {ArchiveName}: "
            + "pass a folder that has one of them.";
}
