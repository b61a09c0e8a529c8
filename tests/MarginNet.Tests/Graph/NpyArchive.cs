using System.IO.Compression;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.RegularExpressions;
using static TorchSharp.torch;
using Tensor = TorchSharp.torch.Tensor;

namespace MarginNet.Tests.Graph;

/// <summary>Arrays of float32 and float64 in a <c>.npz</c> file, by NumPy's format 1.</summary>
internal static partial class NpyArchive
{
    /// <summary>Reads one array; the caller disposes it.</summary>
    public static Tensor Read(string path, string name)
    {
        using var archive = ZipFile.OpenRead(path);
        using var entry = archive.GetEntry(name + ".npy")!.Open();
        using var content = new MemoryStream();
        entry.CopyTo(content);
        var bytes = content.ToArray().AsSpan();
        var length = 10 + BitConverter.ToUInt16(bytes[8..]);
        var header = Encoding.ASCII.GetString(bytes[10..length]);
        long[] shape = [.. Digits().Matches(header[header.IndexOf('(', StringComparison.Ordinal)..])
            .Select(match => long.Parse(match.Value))];
        return header.Contains("<f8", StringComparison.Ordinal)
            ? tensor(MemoryMarshal.Cast<byte, double>(bytes[length..]).ToArray(), shape)
            : tensor(MemoryMarshal.Cast<byte, float>(bytes[length..]).ToArray(), shape);
    }

    [GeneratedRegex("[0-9]+")]
    private static partial Regex Digits();
}
