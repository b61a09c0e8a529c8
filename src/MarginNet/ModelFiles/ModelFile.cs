using System.Security.Cryptography;
using MarginNet.Checkpoints;
using MarginNet.Foreign;
using MarginNet.Models;

namespace MarginNet.ModelFiles;

/// <summary>Reads model files of every kind.</summary>
internal static class ModelFile
{
    public static MarginModel Read(string path, LoadOptions options)
    {
        var kind = ModelFileKinds.Of(path);
        var graph = kind == ModelFileKind.PyTorch ? PyTorchFile.ReadWithOthers(path) : null;
        if (!MarginModelFormat.IsOne(graph))
        {
            return Describe(path, () => ReadForeign(kind, path, graph, options));
        }

        return options.Describes
            ? throw new InvalidDataException($"'{path}' is a model of MarginNet, which holds its normalization, image size, class " +
                $"names, weights and output: leave them out.")
            : MarginModelFormat.FromGraph(graph, path, options);
    }

    private static MarginModel ReadForeign(ModelFileKind kind, string path, object? graph, LoadOptions options)
    {
        var isProgram = kind is ModelFileKind.TorchScript or ModelFileKind.Onnx;
        if (isProgram ? options.Weights is not null : options.Output is not null)
        {
            throw new InvalidDataException(isProgram ? "It is a program, of one network: leave --weights (LoadOptions.Weights) " +
                "out." : "It holds weights, of one output: leave --model-output (LoadOptions.Output) out.");
        }

        var model = kind switch
        {
            ModelFileKind.TorchScript => ReadTorchScript(path, options),
            ModelFileKind.Onnx => ReadOnnx(path, options),
            ModelFileKind.SafeTensors => ReadSafeTensors(path, options),
            _ => ResNetReader.Read(StateDict.Find(graph, options.Weights), options),
        };
        (model.IsForeign, model.Training["imported_from"]) = (true, Path.GetFileName(path));
        model.NullModel = ModelCalibration.Read(path, model);
        return model;
    }

    private static MarginModel ReadTorchScript(string path, LoadOptions options)
    {
        var program = ReadProgram(path);
        var network = TorchScriptNetwork.Load(program, options);
        return Model(network, program, options, options.ImageSize!.Value, network.Output, network.Notes);
    }

    private static MarginModel ReadOnnx(string path, LoadOptions options)
    {
        var program = ExternalWeights.Embed(ReadProgram(path), path);
        var (layers, obstacle) = OnnxLayers.TryRead(program, options);
        if (layers is not null)
        {
            return Model(layers.Network, program, options, layers.Size, layers.Output, layers.Notes);
        }

        var (network, size) = OnnxRuntimeNetwork.Load(program, options);
        return Model(network, program, options, size, network.Output, [
            .. network.Notes, $"ONNX Runtime runs it, and its scores have no gradients, for it is no graph of known layers. {obstacle}",
        ]);
    }

    private static MarginModel Model(
        Classifier network, ReadOnlyMemory<byte> program, LoadOptions options, (int Height, int Width) size, string? output,
        IEnumerable<string> notes)
    {
        try
        {
            var described = network is TorchScriptNetwork ? options
                : ExportedDescription.OfProgram(options, OnnxFile.Metadata(OnnxFile.Parse(program)));
            return new(network, described.NamesFor(network.Options.ClassCount), size)
            {
                Part = output,
                Notes = [.. notes],
                ProgramDigest = SHA256.HashData(program.Span),
            };
        }
        catch
        {
            network.Dispose();
            throw;
        }
    }

    private static MarginModel ReadSafeTensors(string path, LoadOptions options)
    {
        var file = SafeTensorsFile.Read(path);
        var tensors = file.Tensors.ToDictionary(entry => entry.Key, entry => (object?)entry.Value);
        return ResNetReader.Read(StateDict.Find(tensors, options.Weights), ExportedDescription.Complete(options, file.Metadata));
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
