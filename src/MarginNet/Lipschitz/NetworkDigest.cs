using System.Security.Cryptography;
using System.Text;
using MarginNet.Bounds;
using MarginNet.Models;
using static TorchSharp.torch;

namespace MarginNet.Lipschitz;

/// <summary>A network's layers, and the SHA-256 of all that they were made of: modules, settings,
/// and the numbers of every parameter and buffer.</summary>
internal static class NetworkDigest
{
    /// <summary>Describes a network; the layers' tensors belong to the dispose scope.</summary>
    /// <exception cref="NotSupportedException">A layer has no known constant.</exception>
    /// <exception cref="InvalidDataException">A weight is NaN or infinite.</exception>
    public static (List<Layer> Layers, string Digest) Describe(nn.Module network)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        List<Layer> layers = [.. NetworkLayers.Of(network, (name, module) => Append(hash, name, module))];
        Append(hash, LayerChain.Describe(layers));
        return (layers, Convert.ToHexStringLower(hash.GetHashAndReset()));
    }

    private static void Append(IncrementalHash hash, string name, nn.Module module)
    {
        Append(hash, $"{name}: {module.GetType()}");
        var parameters = module.named_parameters(recurse: false).Select(parameter => (parameter.name, (Tensor)parameter.parameter));
        // TorchSharp names no buffer that is no part of the state dict.
        string[] unnamed = module is NormalizeLayer ? ["mean", "deviation"] : [];
        var buffers = module.named_buffers(recurse: false).Concat(unnamed.Select(own => (own, module.get_buffer(own)!)));
        foreach (var (own, tensor) in parameters.Concat(buffers))
        {
            using var scope = NewDisposeScope();
            var plain = tensor.detach().cpu().contiguous();
            Append(hash, $"{own}: {plain.dtype} [{string.Join(", ", plain.shape)}]");
            hash.AppendData(plain.bytes);
        }
    }

    private static void Append(IncrementalHash hash, string text) => hash.AppendData(Encoding.UTF8.GetBytes(text + '\n'));
}
