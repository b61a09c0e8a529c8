using MarginNet.Checkpoints;
using MarginNet.Data;
using MarginNet.PValues;

namespace MarginNet.Models;

/// <summary>The layout of a model file as a dictionary of plain values and tensors.</summary>
internal static class MarginModelFormat
{
    private const string Format = "marginnet";
    private const long Version = 1;
    private const string ResNet = "resnet18";
    private const string Fast = "fastnet";
    private const string OutputScale = "output_scale";
    private const int MaxWidth = 4096;
    private const int MaxChannels = 1024;
    private const int MaxSide = 1 << 14;

    public static Dictionary<string, object?> ToGraph(MarginModel model)
    {
        var options = model.Network.Options;
        return new()
        {
            ["format"] = Format,
            ["format_version"] = Version,
            ["architecture"] = new Dictionary<string, object?>
            {
                ["name"] = model.Network is FastNet ? Fast : ResNet,
                ["width"] = (long)(options is FastNetOptions fast ? fast.Width : ((ResNetOptions)options).Width),
                ["rectify"] = options.Rectify,
                [OutputScale] = options.OutputScale,
            },
            ["class_names"] = model.ClassNames.ToList<object?>(),
            ["image_size"] = new List<object?> { (long)model.ImageSize.Height, (long)model.ImageSize.Width },
            ["normalization"] = new Dictionary<string, object?>
            {
                ["mean"] = options.Normalization.Mean.ToArray(),
                ["std"] = options.Normalization.StandardDeviation.ToArray(),
            },
            ["training"] = model.Training,
            ["metrics"] = model.Metrics,
            ["null_model"] = model.NullModel?.ToState(),
            ["state_dict"] = NetworkWeights.Capture(model.Network),
        };
    }

    public static MarginModel FromGraph(object? graph, string path)
    {
        if (graph is not Dictionary<string, object?> values || values.GetValueOrDefault("format") as string != Format)
        {
            throw new InvalidDataException($"'{path}' is a PyTorch file, but no MarginNet model: train one with 'marginnet train --out {Path.GetFileName(path)}'.");
        }

        try
        {
            return Read(new PlainDictionary(values, ""));
        }
        catch (InvalidDataException e)
        {
            throw new InvalidDataException($"'{path}' is not a model this MarginNet can use. {e.Message}", e);
        }
    }

    private static MarginModel Read(PlainDictionary root)
    {
        if (root.Count("format_version") > Version)
        {
            throw new InvalidDataException($"Its format version is {root.Count("format_version")}, newer than {Version}: update MarginNet.");
        }

        if (root.Numbers("image_size") is not [var height and >= 1 and <= MaxSide, var width and >= 1 and <= MaxSide])
        {
            throw root.Unexpected("image_size", $"height and width, 1 to {MaxSide} pixels");
        }

        var nullModel = root.Has("null_model") ? MarginNullModel.FromState(root.Dictionary("null_model").Values) : null;
        if (nullModel is not null && nullModel.Classes.Length != root.Texts("class_names").Length)
        {
            throw root.Unexpected("null_model", $"{root.Texts("class_names").Length} classes");
        }

        var network = CreateNetwork(root);
        try
        {
            NetworkWeights.Load(network, root.Dictionary("state_dict"));
            return new(network, [.. root.Texts("class_names")], ((int)height, (int)width))
            {
                NullModel = nullModel,
                Training = new(root.Dictionary("training").Values),
                Metrics = new(root.Dictionary("metrics").Values),
            };
        }
        catch
        {
            network.Dispose();
            throw;
        }
    }

    private static Classifier CreateNetwork(PlainDictionary root)
    {
        var architecture = root.Dictionary("architecture");
        var normalization = root.Dictionary("normalization");
        var (mean, deviation) = (normalization.Numbers("mean"), normalization.Numbers("std"));
        if (architecture.Text("name") is not (ResNet or Fast))
        {
            throw architecture.Unexpected("name", $"'{ResNet}' or '{Fast}'");
        }

        if (architecture.Count("width") is not (>= 1 and <= MaxWidth))
        {
            throw architecture.Unexpected("width", $"1 to {MaxWidth}");
        }

        if (root.Texts("class_names").Length < 2)
        {
            throw root.Unexpected("class_names", "at least 2 names");
        }

        if (mean.Length is not (>= 1 and <= MaxChannels) || deviation.Length != mean.Length)
        {
            throw normalization.Unexpected("mean", $"as many numbers as under 'std', 1 to {MaxChannels}");
        }

        var outputScale = architecture.Has(OutputScale) ? architecture.Number(OutputScale) : 1; // 1 in files before there was any.
        if (!(outputScale > 0) || double.IsInfinity(outputScale))
        {
            throw architecture.Unexpected(OutputScale, "a number above 0");
        }

        var (width, classes, rectify) = (architecture.Count("width"), root.Texts("class_names").Length, architecture.Flag("rectify"));
        var statistics = new ChannelStatistics([.. mean], [.. deviation]);
        ClassifierOptions options = architecture.Text("name") == Fast
            ? new FastNetOptions { Width = width, ClassCount = classes, Rectify = rectify, OutputScale = outputScale, Normalization = statistics }
            : new ResNetOptions { Width = width, ClassCount = classes, Rectify = rectify, OutputScale = outputScale, Normalization = statistics };
        ThrowIfTooSmall(root.Dictionary("state_dict"), options);
        return options is FastNetOptions fast ? new FastNet(fast) : new ResNet18((ResNetOptions)options);
    }

    /// <summary>Makes sure that memory is set aside only for weights that are there.</summary>
    private static void ThrowIfTooSmall(PlainDictionary weights, ClassifierOptions options)
    {
        var stored = weights.Values.Values.OfType<StoredTensor>().Sum(tensor => tensor.Data.Length / sizeof(float));
        if (stored < options.KernelWeights)
        {
            throw new InvalidDataException($"Its architecture has {options.KernelWeights} weights, but only {stored} are stored.");
        }
    }
}
