using System.IO.Compression;

namespace MarginNet.ModelFiles;

/// <summary>Tells the kind of a model file by what is in it, whatever its name.</summary>
internal static class ModelFileKinds
{
    private const byte IrVersion = 0x08; // The tag of the first field of ONNX's ModelProto, a number that is 13 in 2026.
    private const int MaxIrVersion = 0x7f;

    public static ModelFileKind Of(string path)
    {
        if (!File.Exists(path) && !Directory.Exists(path))
        {
            throw new FileNotFoundException($"'{path}' does not exist; expected a model file.", path);
        }

        using var file = File.OpenRead(path);
        Span<byte> start = stackalloc byte[16];
        start = start[..file.ReadAtLeast(start, start.Length, throwOnEndOfStream: false)];
        return start switch
        {
            [(byte)'P', (byte)'K', 3, 4, ..] => HasProgram(file) ? ModelFileKind.TorchScript : ModelFileKind.PyTorch,
            [_, _, _, _, _, _, 0, 0, (byte)'{', ..] => ModelFileKind.SafeTensors, // The length of its header, and the header.
            [IrVersion, > 0 and <= MaxIrVersion, ..] => ModelFileKind.Onnx,
            _ => ModelFileKind.PyTorch,
        };
    }

    private static bool HasProgram(FileStream file)
    {
        try
        {
            using var zip = new ZipArchive(file, ZipArchiveMode.Read, leaveOpen: true);
            return zip.Entries.Any(entry => entry.FullName.EndsWith("/constants.pkl", StringComparison.Ordinal));
        }
        catch (InvalidDataException)
        {
            return false;
        }
    }
}
