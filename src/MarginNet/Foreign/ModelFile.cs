using MarginNet.Checkpoints;
using MarginNet.Models;

namespace MarginNet.Foreign;

/// <summary>Reads model files of every kind.</summary>
internal static class ModelFile
{
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
            : MarginModelFormat.FromGraph(graph, path);
    }

    private static MarginModel ReadForeign(ModelFileKind kind, string path, object? graph, LoadOptions options) => kind switch
    {
        _ => ResNetReader.Read(StateDict.Find(graph), options),
    };

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
