using System.Globalization;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using MarginNet.Arrays;
using MarginNet.Data;

namespace MarginNet.Cli.Sharding;

/// <summary>
/// The SHA-256 that tells images from others. Of images in files of their own it is of the files' folders, names and lengths, for no
/// shard reads them all; of others it is of the pixels. Labels and size are always in it.
/// </summary>
internal static class ImageDigest
{
    public static string Of(ImageSet images)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Append(hash, string.Create(CultureInfo.InvariantCulture, $"{images.Channels}x{images.Height}x{images.Width}"));
        hash.AppendData(MemoryMarshal.AsBytes(images.Labels));
        for (var i = 0; i < images.Count; i++)
        {
            if (images.Files.IsEmpty)
            {
                hash.AppendData(images.Pixels(i));
            }
            else
            {
                var file = new FileInfo(images.Files[i]);
                Append(hash, string.Create(CultureInfo.InvariantCulture, $"{file.Directory?.Name}/{file.Name} {file.Length}"));
            }
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    public static string Of(ImageArray images)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Append(hash, string.Create(CultureInfo.InvariantCulture, $"{images.Channels}x{images.Height}x{images.Width}"));
        for (var i = 0; i < images.Count; i++)
        {
            hash.AppendData(MemoryMarshal.AsBytes(images[i]));
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    private static void Append(IncrementalHash hash, string text) => hash.AppendData(Encoding.UTF8.GetBytes(text + '\n'));
}
