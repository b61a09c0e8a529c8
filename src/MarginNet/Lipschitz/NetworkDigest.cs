using System.Security.Cryptography;
using System.Text;
using MarginNet.Bounds;
using MarginNet.Graph;
using static TorchSharp.torch;

namespace MarginNet.Lipschitz;

/// <summary>A graph's layers, and the SHA-256 of all that its scores are made of: operations, settings, and the numbers of every
/// parameter.</summary>
internal static class NetworkDigest
{
    /// <summary>Describes a graph; the layers' tensors belong to the dispose scope.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="parameters">The tensors of its parameters, or others in their place.</param>
    /// <exception cref="NotSupportedException">A node has no known constant.</exception>
    /// <exception cref="InvalidDataException">A weight is NaN or infinite.</exception>
    public static (List<Layer> Layers, string Digest) Describe(NetworkGraph graph, IReadOnlyList<Tensor> parameters)
    {
        var layers = GraphLayers.Of(graph, parameters);
        return (layers, Of(graph, parameters, LayerChain.Describe(layers)));
    }

    /// <summary>A hash of a graph and of what else tells it from others.</summary>
    public static string Of(NetworkGraph graph, IEnumerable<Tensor> parameters, string more)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var (parameter, tensor) in graph.Parameters.Zip(parameters))
        {
            using var scope = NewDisposeScope();
            var plain = tensor.detach().cpu().contiguous();
            Append(hash, $"{parameter.Name}: {plain.dtype} [{string.Join(", ", plain.shape)}]");
            hash.AppendData(plain.bytes);
        }

        foreach (var node in graph.Nodes)
        {
            Append(hash, $"{node.Name}: {node.Operation.Describe()} of {string.Join(", ", node.Inputs)}");
        }

        Append(hash, graph.Output);
        Append(hash, more);
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    private static void Append(IncrementalHash hash, string text) => hash.AppendData(Encoding.UTF8.GetBytes(text + '\n'));
}
