using System.Collections.Immutable;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using MarginNet.Data;

namespace MarginNet.Cli.Reproduction;

/// <summary>The SHA-256 of images with their labels and class names.</summary>
internal static class DataDigest
{
    public static string Of(ImageSet images, ImmutableArray<string> classNames)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(Encoding.UTF8.GetBytes($"{string.Join('\n', classNames)}\n{images.Channels}x{images.Height}x{images.Width}\n"));
        hash.AppendData(MemoryMarshal.AsBytes(images.Labels));
        for (var i = 0; i < images.Count; i++)
        {
            hash.AppendData(images.Pixels(i));
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}
