using System.CommandLine;
using System.Security.Cryptography;
using MarginNet.Cli.Options;
using MarginNet.Data;
using MarginNet.ModelFiles;
using MarginNet.Models;
using MarginNet.Training;
using static TorchSharp.torch;

namespace MarginNet.Cli.Commands;

/// <summary>The options that say which network is trained, and what it starts from.</summary>
internal sealed class NetworkOptions
{
    private const int DefaultWidth = 64;
    private const int DefaultLipNetWidth = 32;
    private const int DefaultConvNetWidth = 32;

    private readonly TrainingSettings _settings;

    private readonly Option<int?> _width = Number.Optional<int>(
        "--width", $"Channels of the network's first stage. Default {DefaultWidth}, in ResNet-18 as published, there 16 or 32 for a CPU; "
            + $"{DefaultLipNetWidth} in LipNet and LiResNet, {DefaultConvNetWidth} in ConvNet.",
        value => value is >= 1 and <= 1024, "a whole number, 1 to 1024");

    private readonly Option<int?> _channels = Number.Optional<int>(
        "--channels",
        "1 trains on grey images (colour becomes 0.299 R + 0.587 G + 0.114 B), 3 on RGB (the default, also of grey pictures), "
        + "4 on RGB and transparency.",
        value => value is 1 or 3 or 4,
        "1, 3 or 4");

    private readonly Option<bool> _rectify = new("--rectify")
    {
        Description = "End the network in a ReLU, so that scores are >= 0 (condition (1)).",
    };
    private readonly Option<string?> _init = new(Init)
    {
        Description = "Start from the network in this model file or ONNX file instead of fresh weights.",
    };

    /// <summary>The name of the option of the network to start from.</summary>
    public const string Init = "--init";

    public NetworkOptions(TrainingSettings settings) => _settings = settings;

    public Option[] All => [_width, _channels, _rectify, _init];

    public void AddTo(Command command) => Array.ForEach(All, command.Add);

    /// <summary>The channels that the images are to have.</summary>
    public int Channels(ParseResult parsed) => parsed.GetValue(_channels) ?? 3;

    /// <summary>What the network starts from, which the state of a run does not tell.</summary>
    public Dictionary<string, object?> Describe(ParseResult parsed, TrainingOptions options)
    {
        using var init = parsed.GetValue(_init) is { } path && File.Exists(path) ? File.OpenRead(path) : null;
        return new()
        {
            ["network"] = _settings.Architecture(parsed),
            ["width"] = (long)Width(parsed),
            ["rectify"] = parsed.GetValue(_rectify),
            ["output_scale"] = OutputScale(parsed, options),
            ["init"] = init is null ? null : Convert.ToHexStringLower(SHA256.HashData(init)),
        };
    }

    /// <summary>Makes the network asked for, fresh or from a file, on the CPU.</summary>
    public Classifier Create(ParseResult parsed, ImageDataset dataset, ImageSet train, TrainingOptions options)
    {
        manual_seed(options.Seed);
        var network = parsed.GetValue(_init) is { } path
            ? LoadInitial(parsed, path, dataset)
            : CreateFresh(parsed, dataset, train, options);
        if (options.Robust is not null && parsed.GetValue(_init) is null)
        {
            IntervalInitialization.Apply(network);
        }

        if (options.InitialSize is { } size && network.HasFixedImageSize)
        {
            network.Dispose();
            throw new UserErrorException($"--initial-size is {size}, but the network takes images of one size only: leave it out.");
        }

        if (options.Loss.NeedsRectifiedScores && !network.Options.Rectify)
        {
            network.Dispose();
            throw new UserErrorException($"--loss {options.Loss} {options.Loss.Equation} needs scores >= 0: add --rectify.");
        }

        return network;
    }

    private int Width(ParseResult parsed) =>
        parsed.GetValue(_width) ?? _settings.Architecture(parsed) switch
        {
            nameof(LipNet) or nameof(LiResNet) => DefaultLipNetWidth,
            nameof(ConvNet) => DefaultConvNetWidth,
            _ => DefaultWidth,
        };

    /// <summary>Scores of a network that is to stay 1-Lipschitz are not scaled unless asked for.</summary>
    private double OutputScale(ParseResult parsed, TrainingOptions options) => _settings.OutputScale(parsed)
        ?? (_settings.Architecture(parsed) is nameof(LipNet) or nameof(OrthogonalNet) or nameof(LiResNet) ? 1 : options.Temperature);

    private Classifier CreateFresh(ParseResult parsed, ImageDataset dataset, ImageSet train, TrainingOptions options)
    {
        var (width, size) = (Width(parsed), (train.Height, train.Width));
        ClassifierOptions network = _settings.Architecture(parsed) switch
        {
            nameof(FastNet) => new FastNetOptions { Width = width },
            nameof(LipNet) => new LipNetOptions { Width = width, ImageSize = size },
            nameof(OrthogonalNet) => new OrthogonalNetOptions { Width = width, ImageSize = size },
            nameof(LiResNet) => new LiResNetOptions { Width = width, ImageSize = size },
            nameof(ConvNet) => new ConvNetOptions { Width = width, ImageSize = size },
            _ => new ResNetOptions { Width = width },
        };
        network = network with
        {
            ClassCount = dataset.ClassNames.Length,
            Rectify = parsed.GetValue(_rectify),
            OutputScale = OutputScale(parsed, options),
            Normalization = ChannelStatistics.Compute(train),
        };
        switch (network)
        {
            case FastNetOptions fast:
                ThrowIfUnfit(
                    train, "fastnet", $"at least {FastNet.MinImageSize}x{FastNet.MinImageSize}",
                    Math.Min(train.Height, train.Width) >= FastNet.MinImageSize);
                var whitened = new FastNet(fast);
                whitened.Whiten(train);
                return whitened;
            case LipNetOptions lip:
                ThrowIfNoMultiple(train, "lipnet", LipNet.SizeFactor);
                return new LipNet(lip);
            case OrthogonalNetOptions orthogonal:
                ThrowIfNoMultiple(train, "orthonet", OrthogonalNet.SizeFactor);
                return new OrthogonalNet(orthogonal);
            case LiResNetOptions residual:
                ThrowIfNoMultiple(train, "liresnet", LiResNet.SizeFactor);
                return new LiResNet(residual);
            case ConvNetOptions conv:
                ThrowIfNoMultiple(train, "convnet", ConvNet.SizeFactor);
                return new ConvNet(conv);
            default:
                return new ResNet18((ResNetOptions)network);
        }
    }

    private static void ThrowIfNoMultiple(ImageSet images, string architecture, int factor) => ThrowIfUnfit(
        images, architecture, $"multiples of {factor}", images.Height % factor == 0 && images.Width % factor == 0);

    private static void ThrowIfUnfit(ImageSet images, string architecture, string expected, bool fits)
    {
        if (!fits)
        {
            throw new UserErrorException($"The images are {images.Height}x{images.Width}, but --arch {architecture} needs {expected} "
                + "pixels: give another --image-size, or --arch resnet18.");
        }
    }

    private Classifier LoadInitial(ParseResult parsed, string path, ImageDataset dataset)
    {
        if (parsed.GetValue(_width) is not null || parsed.GetValue(_rectify) || _settings.OutputScale(parsed) is not null
            || _settings.IsArchitectureGiven(parsed))
        {
            throw new UserErrorException($"--arch, --width, --rectify and --output-scale are given by --init '{path}': leave them out.");
        }

        var initial = LoadInitial(path);
        foreach (var note in initial.Notes)
        {
            parsed.Note($"'{path}': {note}");
        }

        if ((initial.IsForeign && initial.Network is not GraphNetwork) || !initial.Network.parameters().Any())
        {
            throw new UserErrorException($"--init '{path}' " + (initial.Network.parameters().Any()
                ? "is of another program: 'marginnet import' it first, and give that file."
                : "holds a program, whose weights cannot be trained: give a model of layers."));
        }

        if (initial.Network is GraphNetwork && initial.ImageSize != (dataset.Train.Height, dataset.Train.Width))
        {
            throw new UserErrorException($"--init '{path}' takes images of {initial.ImageSize.Height}x{initial.ImageSize.Width}, "
                + $"but these are {dataset.Train.Height}x{dataset.Train.Width}: give images of its size.");
        }

        if (_settings.Architecture(parsed) is nameof(LipNet) or nameof(OrthogonalNet) && initial.Network is not (LipNet or OrthogonalNet))
        {
            throw new UserErrorException(
                $"--preset certified is for a LipNet or an OrthogonalNet, but --init '{path}' holds a {initial.Network.GetName()}: leave one of them out.");
        }

        if (initial.Channels != dataset.Train.Channels)
        {
            throw new UserErrorException(
                $"--init '{path}' takes images of {initial.Channels} channels, but these have {dataset.Train.Channels}: "
                + $"give --channels {initial.Channels}.");
        }

        ModelFit.ThrowIfOtherClasses(initial, path, dataset);
        return initial.Network;
    }

    private static MarginModel LoadInitial(string path)
    {
        try
        {
            return MarginModel.Load(path);
        }
        catch (InvalidDataException e) when (e.Message.Contains("--input-size", StringComparison.Ordinal))
        {
            throw new UserErrorException($"--init '{path}' does not say how large its images are: 'marginnet import' it with --input-size, "
                + "and give that file.");
        }
    }
}
