using MarginNet.Checkpoints;
using MarginNet.Data;
using MarginNet.Foreign;
using MarginNet.Graph;
using MarginNet.Models;
using MarginNet.PValues;
using static TorchSharp.torch;

namespace MarginNet.ModelFiles;

/// <summary>The layout of a model file as a dictionary of plain values and tensors.</summary>
internal static class MarginModelFormat
{
    private const string Format = "marginnet";
    private const long Version = 1;
    private const string ResNet = "resnet18";
    private const string Fast = "fastnet";
    private const string Lip = "lipnet";
    private const string Conv = "convnet";
    private const string Orthogonal = "orthonet";
    private const string LinearResiduals = "liresnet";
    private const string OutputScale = "output_scale";
    private const string Stem = "stem";
    private const string TorchScript = "torchscript";
    private const string Onnx = "onnx";
    private const string GraphOfLayers = "graph";
    private const string ChannelsLast = "channels_last";
    private const string PixelScale = "pixel_scale";
    private const string Program = "program";
    private const string Output = "output";
    private const string StateDict = "state_dict";
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
            ["architecture"] = model.Network switch
            {
                ProgramNetwork program => DescribeProgram(program),
                GraphNetwork graph => DescribeGraph(graph),
                var layers => DescribeLayers(layers),
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
            [StateDict] = NetworkWeights.Capture(model.Network),
        };
    }

    private static Dictionary<string, object?> DescribeProgram(ProgramNetwork network) => new()
    {
        ["name"] = network is OnnxRuntimeNetwork ? Onnx : TorchScript,
        [Program] = new StoredTensor(ScalarType.Byte, [network.Program.Length], network.Program),
        [Output] = network.Output,
    };

    private static Dictionary<string, object?> DescribeGraph(GraphNetwork network) => new()
    {
        ["name"] = GraphOfLayers,
        ["rectify"] = false,
        [ChannelsLast] = network.Options.IsChannelsLast,
        [PixelScale] = network.Options.PixelScale,
        [GraphOfLayers] = GraphDescription.ToPlain(network.Graph),
    };

    private static Dictionary<string, object?> DescribeLayers(Classifier network)
    {
        var options = network.Options;
        return new()
        {
            ["name"] = network switch
            {
                FastNet => Fast,
                LipNet => Lip,
                ConvNet => Conv,
                OrthogonalNet => Orthogonal,
                LiResNet => LinearResiduals,
                _ => ResNet,
            },
            ["width"] = (long)(options switch
            {
                FastNetOptions fast => fast.Width,
                LipNetOptions lip => lip.Width,
                ConvNetOptions conv => conv.Width,
                OrthogonalNetOptions orthogonal => orthogonal.Width,
                LiResNetOptions residual => residual.Width,
                _ => ((ResNetOptions)options).Width,
            }),
            ["rectify"] = options.Rectify,
            [OutputScale] = options.OutputScale,
            [Stem] = (options as ResNetOptions)?.Stem.ToString(),
        };
    }

    /// <summary>Whether this is what <see cref="ToGraph"/> makes, of any version.</summary>
    public static bool IsOne(object? graph) =>
        graph is Dictionary<string, object?> values && values.GetValueOrDefault("format") as string == Format;

    public static MarginModel FromGraph(object? graph, string path, LoadOptions load)
    {
        try
        {
            var values = (Dictionary<string, object?>)graph!;
            var plain = values.ToDictionary(entry => entry.Key, entry => entry.Key == StateDict ? entry.Value : WithNumbers(entry.Value));
            return Read(new PlainDictionary(plain, ""), load);
        }
        catch (InvalidDataException e)
        {
            throw new InvalidDataException($"'{path}' is not a model this MarginNet can use. {e.Message}", e);
        }
    }

    /// <summary>
    /// The same with numbers where there are tensors of one number and no shape, which numbers become where Python reads and saves the
    /// file anew; without objects that Python code added.
    /// </summary>
    private static object? WithNumbers(object? value) => value switch
    {
        StoredTensor { Type: ScalarType.Float64, Shape.IsEmpty: true } scalar => scalar.ToDoubles()[0],
        List<object?> list => list.ConvertAll(WithNumbers),
        Dictionary<string, object?> dictionary =>
            dictionary.Where(entry => entry.Value is not ClosedObject).ToDictionary(entry => entry.Key, entry => WithNumbers(entry.Value)),
        ClosedObject => null,
        _ => value,
    };

    private static MarginModel Read(PlainDictionary root, LoadOptions load)
    {
        if (root.Count("format_version") > Version)
        {
            throw new InvalidDataException(
                $"Its format version is {root.Count("format_version")}, newer than {Version}: update MarginNet.");
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

        var network = CreateNetwork(root, ((int)height, (int)width), load);
        try
        {
            if (network is not ProgramNetwork)
            {
                NetworkWeights.Load(network, root.Dictionary(StateDict));
            }

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

    private static Classifier CreateNetwork(PlainDictionary root, (int Height, int Width) size, LoadOptions load)
    {
        var architecture = root.Dictionary("architecture");
        var normalization = root.Dictionary("normalization");
        var (mean, deviation) = (normalization.Numbers("mean"), normalization.Numbers("std"));
        if (architecture.Text("name") is not
            (ResNet or Fast or Lip or Conv or Orthogonal or LinearResiduals or GraphOfLayers or TorchScript or Onnx))
        {
            throw architecture.Unexpected(
                "name",
                $"'{ResNet}', '{Fast}', '{Lip}', '{Conv}', '{Orthogonal}', '{LinearResiduals}', '{GraphOfLayers}', '{TorchScript}' or '{Onnx}'");
        }

        if (root.Texts("class_names").Length < 2)
        {
            throw root.Unexpected("class_names", "at least 2 names");
        }

        if (mean.Length is not (>= 1 and <= MaxChannels) || deviation.Length != mean.Length)
        {
            throw normalization.Unexpected("mean", $"as many numbers as under 'std', 1 to {MaxChannels}");
        }

        var (classes, statistics) = (root.Texts("class_names").Length, new ChannelStatistics([.. mean], [.. deviation]));
        if (!statistics.CanNormalize)
        {
            throw normalization.Unexpected("mean", "finite numbers, and under 'std' such as are not below 0,");
        }

        if (architecture.Text("name") is TorchScript or Onnx)
        {
            return CreateProgram(architecture, statistics, classes, size, load);
        }

        if (architecture.Text("name") is GraphOfLayers)
        {
            return CreateGraph(root, new()
            {
                ClassCount = classes,
                Normalization = statistics,
                IsChannelsLast = architecture.Flag(ChannelsLast),
                PixelScale = architecture.Number(PixelScale),
            });
        }

        var outputScale = architecture.Has(OutputScale) ? architecture.Number(OutputScale) : 1; // 1 in files before there was any.
        if (!(outputScale > 0) || double.IsInfinity(outputScale))
        {
            throw architecture.Unexpected(OutputScale, "a number above 0");
        }

        if (architecture.Count("width") is not (>= 1 and <= MaxWidth))
        {
            throw architecture.Unexpected("width", $"1 to {MaxWidth}");
        }

        var (width, rectify) = (architecture.Count("width"), architecture.Flag("rectify"));
        ClassifierOptions options = architecture.Text("name") switch
        {
            Fast => new FastNetOptions { Width = width },
            Lip => new LipNetOptions { Width = width, ImageSize = size },
            Orthogonal => new OrthogonalNetOptions { Width = width, ImageSize = size },
            LinearResiduals => new LiResNetOptions { Width = width, ImageSize = size },
            Conv => new ConvNetOptions { Width = width, ImageSize = size },
            _ => new ResNetOptions
            {
                Width = width,
                Stem = architecture.Has(Stem) ? architecture.Name<ResNetStem>(Stem) : ResNetStem.Small,
            },
        };
        options = options with { ClassCount = classes, Rectify = rectify, OutputScale = outputScale, Normalization = statistics };
        ThrowIfTooSmall(root.Dictionary(StateDict), options);
        return options switch
        {
            FastNetOptions fast => new FastNet(fast),
            LipNetOptions lip => Sized(LipNet.SizeFactor, () => new LipNet(lip)),
            OrthogonalNetOptions orthogonal => Sized(OrthogonalNet.SizeFactor, () => new OrthogonalNet(orthogonal)),
            LiResNetOptions residual => Sized(LiResNet.SizeFactor, () => new LiResNet(residual)),
            ConvNetOptions conv => Sized(ConvNet.SizeFactor, () => new ConvNet(conv)),
            _ => new ResNet18((ResNetOptions)options),
        };

        Classifier Sized(int factor, Func<Classifier> create) =>
            FixedImageSize.IsPossible(size, factor) ? create() : throw root.Unexpected("image_size", $"multiples of {factor}");
    }

    private static GraphNetwork CreateGraph(PlainDictionary root, GraphOptions options)
    {
        using var scope = NewDisposeScope();
        var (description, weights) = (root.Dictionary("architecture").Dictionary(GraphOfLayers), root.Dictionary(StateDict));
        var tensors = ParameterNames.Of(GraphDescription.ParameterNames(description)).Select(name => weights.Tensor(name).ToTensor());
        var graph = GraphDescription.FromPlain(description, [.. tensors]);
        return graph.OutputShape is { Rank: >= 2 } scores && scores[0] == Dimension.Batch
            && scores.Count == new Dimension(options.ClassCount, IsPerImage: true)
                ? new(graph, options)
                : throw root.Unexpected("class_names", $"as many as scores {graph.OutputShape}");
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

    private static ProgramNetwork CreateProgram(
        PlainDictionary architecture, ChannelStatistics normalization, int classes, (int Height, int Width) size, LoadOptions load)
    {
        var program = architecture.Tensor(Program).Data;
        var output = architecture.Has(Output) ? architecture.Text(Output) : null;
        var options = load with { Normalization = normalization, ImageSize = size, Output = output, TakesFirstOutput = output is null };
        ProgramNetwork network = architecture.Text("name") == TorchScript
            ? TorchScriptNetwork.Load(program, options)
            : OnnxRuntimeNetwork.Load(program, options).Network;
        if (network.Options.ClassCount == classes)
        {
            return network;
        }

        network.Dispose();
        throw architecture.Unexpected(Program, $"a network of {classes} classes");
    }
}
