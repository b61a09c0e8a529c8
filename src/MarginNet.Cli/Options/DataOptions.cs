using System.CommandLine;
using MarginNet.Cli.Commands;
using MarginNet.Cli.Output;
using MarginNet.Data;
using MarginNet.Models;

namespace MarginNet.Cli.Options;

/// <summary>Which images: <c>--data</c>, <c>--data-dir</c>, <c>--image-size</c>, <c>--limit-train</c> and <c>--limit-test</c>.</summary>
internal sealed class DataOptions
{
    public const string Cifar = "cifar10";
    public const string Synthetic = "synthetic";
    public const string Folder = "folder";

    private readonly Option<string> _data;

    private readonly Option<string?> _directory = new("--data-dir")
    {
        Description = "Where the data is: for cifar10 the binary files or cifar-10-binary.tar.gz (by default the user's cache folder, filled by a download), for folder the one with train/CLASS/ and test/CLASS/.",
    };

    private readonly Option<int?> _imageSize = Number.Optional<int>(
        "--image-size", "Height and width to which the images of a folder are resized; by default those of the model, or 32 without one.", value => value is >= 1 and <= 4096, "a whole number, 1 to 4096");
    private readonly Option<int?> _limitTrain = Number.Optional<int>("--limit-train", "Use only this many training images, balanced over the classes.", value => value >= 1, "a whole number, at least 1");
    private readonly Option<int?> _limitTest = Number.Optional<int>("--limit-test", "Use only this many test images, balanced over the classes.", value => value >= 1, "a whole number, at least 1");

    /// <param name="defaultText">What <c>--data</c> is by default, in words where a command decides.</param>
    public DataOptions(string defaultText)
    {
        _data = new("--data")
        {
            Description = $"cifar10, synthetic (drawn shapes, no download) or folder (JPEG and PNG files). By default {defaultText}.",
        };
        _data.AcceptOnlyFromAmong(Cifar, Synthetic, Folder);
    }

    public Option[] All => [_data, _directory, _imageSize, _limitTrain, _limitTest];

    public void AddTo(Command command) => Array.ForEach(All, command.Add);

    /// <summary>The name of the data asked for.</summary>
    public string Name(ParseResult parsed, string byDefault) => parsed.GetValue(_data) ?? byDefault;

    /// <summary>Loads the data, downloading it first where it is to come from the cache and is not there.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="byDefault">The data where <c>--data</c> is not given.</param>
    /// <param name="modelSize">The image size where <c>--image-size</c> is not given.</param>
    /// <param name="error">Where the progress of a download goes.</param>
    /// <param name="cancellation">Stops the loading.</param>
    public async Task<ImageDataset> LoadAsync(
        ParseResult parsed, string byDefault, (int Height, int Width) modelSize, TextWriter error, CancellationToken cancellation)
    {
        var directory = parsed.GetValue(_directory);
        var (height, width) = parsed.GetValue(_imageSize) is { } size ? (size, size) : modelSize;
        using var note = new SlowNote(error, $"reading the data, {Name(parsed, byDefault)}{(directory is null ? "" : $" in {directory}")}");
        var dataset = Name(parsed, byDefault) switch
        {
            Synthetic when directory is not null => throw new UserErrorException($"--data-dir is '{directory}', but --data synthetic is drawn, not read: leave one of them out."),
            Synthetic => SyntheticShapes.Create(),
            Folder when directory is null => throw new UserErrorException("--data folder needs --data-dir, a folder with train/CLASS/ and test/CLASS/."),
            Folder => ImageFolder.Load(directory, height, width, cancellationToken: cancellation),
            _ when directory is not null => Cifar10.Load(directory),
            _ => await Cifar10.LoadOrDownloadAsync(progress: new DownloadDisplay(error), cancellationToken: cancellation),
        };
        return dataset with
        {
            Train = Limit(dataset.Train, parsed.GetValue(_limitTrain)),
            Test = Limit(dataset.Test, parsed.GetValue(_limitTest)),
        };
    }

    /// <summary>Loads the data that goes with a model: by default what it was trained on, at its image size.</summary>
    public async Task<ImageDataset> LoadForAsync(ParseResult parsed, MarginModel model, string path, CancellationToken cancellation)
    {
        var trainedOn = model.Training.GetValueOrDefault("data") as string ?? Cifar;
        var dataset = await LoadAsync(parsed, trainedOn, model.ImageSize, parsed.Notes(), cancellation);
        ModelFit.ThrowIfOther(model, path, dataset);
        return dataset;
    }

    private static ImageSet Limit(ImageSet images, int? count) => count is { } limit ? images.TakeBalanced(limit) : images;
}
