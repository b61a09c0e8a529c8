using MarginNet.Checkpoints;
using MarginNet.Models;

namespace MarginNet.Foreign;

/// <summary>Reads model files of every kind.</summary>
internal static class ModelFile
{
    private const int DefaultChannels = 3;

    public static MarginModel Read(string path, LoadOptions options)
    {
        var kind = ModelFileKinds.Of(path);
        var graph = kind == ModelFileKind.PyTorch ? PyTorchFile.Read(path) : null;
        if (!MarginModelFormat.IsOne(graph))
        {
            return Describe(path, () => ReadForeign(kind, path, graph, options));
        }

        return options.Describes
            ? throw new InvalidDataException($"'{path}' is a model of MarginNet, which holds its normalization, image size and class names: leave them out.")
            : MarginModelFormat.FromGraph(graph, path, options.TrustTorchScript);
    }

    private static MarginModel ReadForeign(ModelFileKind kind, string path, object? graph, LoadOptions options)
    {
        var model = kind switch
        {
            ModelFileKind.TorchScript => ReadTorchScript(path, options),
            ModelFileKind.Onnx => ReadOnnx(path, options),
            ModelFileKind.SafeTensors => ReadSafeTensors(path, options),
            _ => ResNetReader.Read(StateDict.Find(graph), options),
        };
        (model.IsForeign, model.Training["imported_from"]) = (true, Path.GetFileName(path));
        model.NullModel = CalibrationFile.Read(path, model);
        return model;
    }

    private static MarginModel ReadTorchScript(string path, LoadOptions options)
    {
        var normalization = options.NormalizationFor(options.Normalization?.Mean.Length ?? DefaultChannels);
        var program = options.TrustTorchScript ? ReadProgram(path) : default;
        var network = TorchScriptNetwork.Load(program, normalization, options.ImageSize, options.TrustTorchScript);
        return new(network, options.NamesFor(network.Options.ClassCount), options.ImageSize!.Value);
    }

    private static MarginModel ReadOnnx(string path, LoadOptions options)
    {
        var (network, size) = OnnxRuntimeNetwork.Load(ReadProgram(path), options.NormalizationFor, options.ImageSize);
        return new(network, options.NamesFor(network.Options.ClassCount), size);
    }

    private static MarginModel ReadSafeTensors(string path, LoadOptions options)
    {
        var file = SafeTensorsFile.Read(path);
        var tensors = file.Tensors.ToDictionary(entry => entry.Key, entry => (object?)entry.Value);
        return ResNetReader.Read(StateDict.Find(tensors), ExportedDescription.Complete(options, file.Metadata));
    }

    private static byte[] ReadProgram(string path) => new FileInfo(path).Length <= Array.MaxLength
        ? File.ReadAllBytes(path)
        : throw new InvalidDataException($"It has {new FileInfo(path).Length} bytes: expected at most {Array.MaxLength}.");

    private static MarginModel Describe(string path, Func<MarginModel> read)
    {
        try
        {
            return read();
        }
        catch (InvalidDataException e) when (!e.Message.Contains(path, StringComparison.Ordinal))
        {
            throw new InvalidDataException($"'{path}' is not a model this MarginNet can use. {e.Message}", e);
        }
    }
}
