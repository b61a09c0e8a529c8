using System.Collections.Immutable;
using System.CommandLine;
using MarginNet.Cli.Commands;
using MarginNet.Cli.Output;
using MarginNet.Data;
using MarginNet.ModelFiles;

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
        Description = "Where the data is: for cifar10 the binary files or cifar-10-binary.tar.gz (by default the user's cache folder, "
            + "filled by a download), for folder the one with train/CLASS/ and test/CLASS/.",
    };

    private readonly Option<int?> _imageSize = Number.Optional<int>(
        "--image-size",
        "Height and width to which the images of a folder are resized; by default those of the model, or 32 without one.",
        value => value is >= 1 and <= 4096,
        "a whole number, 1 to 4096");
    private readonly Option<int?> _limitTrain = Number.Optional<int>(
        "--limit-train", "Use only this many training images, balanced over the classes.", value => value >= 1,
        "a whole number, at least 1");
    private readonly Option<int?> _limitTest = Number.Optional<int>(
        "--limit-test", "Use only this many test images, balanced over the classes.", value => value >= 1, "a whole number, at least 1");

    private readonly PictureOptions _pictures = new();
    private readonly Option<bool> _stream = new("--stream")
    {
        Description = "Decode picture files when their turn comes and keep none in memory, for more images than fit there.",
    };
    private readonly bool _mayStream;

    /// <param name="defaultText">What <c>--data</c> is by default, in words where a command decides.</param>
    /// <param name="mayStream">Whether images are used one after the other, so that they may stay in their files.</param>
    public DataOptions(string defaultText, bool mayStream = false)
    {
        _mayStream = mayStream;
        _data = new("--data")
        {
            Description = "cifar10, synthetic (drawn shapes, no download) or folder (JPEG, PNG, BMP and WebP files). "
                + $"By default {defaultText}.",
        };
        _data.AcceptOnlyFromAmong(Cifar, Synthetic, Folder);
    }

    public Option[] All =>
        [_data, _directory, _imageSize, .. _pictures.All, _limitTrain, _limitTest, .. _mayStream ? [_stream] : Array.Empty<Option>()];

    public void AddTo(Command command) => Array.ForEach(All, command.Add);

    /// <summary>Adds those that say which data, and so what its classes are called.</summary>
    public void AddNamesTo(Command command)
    {
        command.Add(_data);
        command.Add(_directory);
    }

    /// <summary>The name of the data asked for.</summary>
    public string Name(ParseResult parsed, string byDefault) => parsed.GetValue(_data) ?? byDefault;

    /// <summary>The folder asked for; null for none.</summary>
    public string? Directory(ParseResult parsed) => parsed.GetValue(_directory);

    /// <summary>Whether the command line says which data.</summary>
    public bool IsGiven(ParseResult parsed) => parsed.IsGiven(_data) || parsed.IsGiven(_directory);

    /// <summary>Loads the data, downloading it first where it is to come from the cache and is not there.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="defaults">What it does not say.</param>
    /// <param name="cancellation">Stops the loading.</param>
    public async Task<ImageDataset> LoadAsync(
        ParseResult parsed, DataDefaults defaults, CancellationToken cancellation)
    {
        var name = Name(parsed, defaults.Name);
        var directory = parsed.GetValue(_directory);
        if (name != Folder && IsStreamed(parsed))
        {
            throw new UserErrorException($"--stream is for picture files, but the data is {name}: leave it out, or give --data folder.");
        }

        if (directory is null && name == defaults.Name && defaults.Directory is { } known)
        {
            directory = known;
            parsed.Note($"--data-dir {known}, as in training.");
        }

        using var note = new SlowNote(parsed.Notes(), $"reading the data, {name}{(directory is null ? "" : $" in {directory}")}");
        var dataset = name switch
        {
            Synthetic when directory is not null => throw new UserErrorException(
                $"--data-dir is '{directory}', but --data synthetic is drawn, not read: leave one of them out."),
            Synthetic => SyntheticShapes.Create(),
            Folder when directory is null =>
                throw new UserErrorException("--data folder needs --data-dir, a folder with train/CLASS/ and test/CLASS/."),
            Folder => ImageFolder.Load(directory, ReadPictures(parsed, defaults), cancellation),
            _ when directory is not null => Cifar10.Load(directory),
            _ => await Cifar10.LoadOrDownloadAsync(progress: new DownloadDisplay(parsed.Notes()), cancellationToken: cancellation),
        };
        dataset = WithChannels(parsed, dataset, defaults.Channels);
        var limit = parsed.GetValue(_limitTrain) ?? (name == defaults.Name ? defaults.TrainCount : null);
        if (defaults.IsTrainUsed && parsed.GetValue(_limitTrain) is null && limit < dataset.Train.Count)
        {
            parsed.Note($"--limit-train {limit} of {dataset.Train.Count} images, as in training.");
        }

        return dataset with
        {
            Train = Limit(dataset.Train, limit),
            Test = Limit(dataset.Test, parsed.GetValue(_limitTest)),
        };
    }

    /// <summary>Loads the data that goes with a model: by default what it was trained on, as many training images as it was,
    /// and at its image size.</summary>
    public async Task<ImageDataset> LoadForAsync(
        ParseResult parsed, MarginModel model, string path, bool isTrainUsed, CancellationToken cancellation)
    {
        var dataset = await LoadAsync(parsed, DataDefaults.Of(model, path) with { IsTrainUsed = isTrainUsed }, cancellation);
        ModelFit.ThrowIfOther(model, path, dataset);
        ModelFit.TakeNames(model, dataset.ClassNames);
        return dataset;
    }

    /// <summary>The names of the classes of the data asked for, without its images; null where no data is.</summary>
    public ImmutableArray<string>? ClassNames(ParseResult parsed)
    {
        var directory = parsed.GetValue(_directory);
        return parsed.GetValue(_data) switch
        {
            Synthetic => SyntheticShapes.ClassNames,
            Cifar => Cifar10.ClassNames,
            Folder when directory is not null => ImageFolder.ClassNames(directory),
            Folder => throw new UserErrorException("--data folder needs --data-dir, a folder with train/CLASS/ and test/CLASS/."),
            _ when directory is not null => throw new UserErrorException($"--data-dir is '{directory}', but no --data says what is " +
                "there: give --data folder, or leave it out."),
            _ => null,
        };
    }

    /// <summary>Reads picture files as the images of a model.</summary>
    public ImageSet ReadPictures(ParseResult parsed, MarginModel model, IReadOnlyList<string> files, CancellationToken cancellation) =>
        ImageFolder.ReadImages(
            files, _pictures.Read(parsed, model.Training, model.ImageSize, model.Channels) with { Stream = IsStreamed(parsed) },
            cancellation);

    /// <summary>Has a model remember what was said of picture files.</summary>
    public void KeepPictures(ParseResult parsed, MarginModel model) => _pictures.Keep(parsed, model);

    private ImageOptions ReadPictures(ParseResult parsed, DataDefaults defaults)
    {
        var size = parsed.GetValue(_imageSize) is { } given ? (given, given) : defaults.Size;
        return _pictures.Read(parsed, defaults.Settings, size, defaults.Channels) with { Stream = IsStreamed(parsed) };
    }

    private bool IsStreamed(ParseResult parsed) => _mayStream && parsed.GetValue(_stream);

    /// <summary>Requires picture files for what is said of them.</summary>
    public void ThrowIfNoPictures(ParseResult parsed, string byDefault)
    {
        var name = Name(parsed, byDefault);
        if (name != Folder && Array.Find(_pictures.All, parsed.IsGiven) is { } idle)
        {
            throw new UserErrorException($"{idle.Name} is for picture files, but the data is {name}: leave it out, or give --data folder.");
        }
    }

    private static ImageDataset WithChannels(ParseResult parsed, ImageDataset dataset, int channels)
    {
        if (dataset.Test.Channels == channels || channels is not (1 or 3 or 4))
        {
            return dataset;
        }

        parsed.Note(
            $"the images of {dataset.Name} have {dataset.Test.Channels} channels and are made into ones of {channels}.");
        return new(dataset.Name, dataset.ClassNames, dataset.Train.WithChannels(channels), dataset.Test.WithChannels(channels));
    }

    private static ImageSet Limit(ImageSet images, int? count) => count is { } limit ? images.TakeBalanced(limit) : images;
}
