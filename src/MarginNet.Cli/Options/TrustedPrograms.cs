using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;
using MarginNet.Checkpoints;

namespace MarginNet.Cli.Options;

/// <summary>
/// The TorchScript programs that this user has imported as trusted, by the SHA-256 of each, in a file of the user's own: whoever makes a
/// model file cannot put its program there.
/// </summary>
internal static class TrustedPrograms
{
    /// <summary>The file, one hash in a line; null where the user has no folder for configurations.</summary>
    public static string? File
    {
        get
        {
            var folder = Environment.GetFolderPath(Environment.SpecialFolder.ApplicationData, Environment.SpecialFolderOption.DoNotVerify);
            return folder.Length == 0 ? null : Path.Combine(folder, "marginnet", "trusted-torchscript");
        }
    }

    /// <summary>The hashes; none where the file cannot be read.</summary>
    public static ImmutableHashSet<string> Read()
    {
        try
        {
            return File is { } file && System.IO.File.Exists(file) ? [.. System.IO.File.ReadLines(file).Select(line => line.Trim())] : [];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    /// <summary>Keeps that a program is trusted.</summary>
    /// <param name="program">The archive.</param>
    /// <returns>The file that says so; null where none could be written.</returns>
    public static string? Add(string program)
    {
        using var content = System.IO.File.OpenRead(program);
        var hash = Convert.ToHexStringLower(SHA256.HashData(content));
        try
        {
            if (File is not { } file)
            {
                return null;
            }

            var known = Read();
            if (!known.Contains(hash))
            {
                Directory.CreateDirectory(Path.GetDirectoryName(file)!);
                var hashes = known.Add(hash).Where(line => line.Length > 0).Order(StringComparer.Ordinal);
                var lines = string.Concat(hashes.Select(line => line + "\n"));
                AtomicFile.Write(file, stream => stream.Write(Encoding.ASCII.GetBytes(lines)));
            }

            return file;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
