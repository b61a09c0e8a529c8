namespace MarginNet.Checkpoints;

/// <summary>Replaces a file as a whole or not at all.</summary>
public static class AtomicFile
{
    private const string IsFolder = "It is a folder.";
    private const string TemporaryExtension = ".tmp";

    /// <summary>
    /// Writes a temporary file beside <paramref name="path"/>, flushes it to disk and renames it over <paramref name="path"/>.
    /// On any failure the file that was there stays as it was, and the temporary one is removed.
    /// </summary>
    /// <remarks>A symbolic link keeps pointing at its target, which is replaced. A device, such as /dev/stdout,
    /// is written directly.</remarks>
    /// <param name="path">File to create or replace; its folder must exist.</param>
    /// <param name="write">Writes the whole content. What it throws passes through, I/O errors with the path added.</param>
    /// <param name="keepReplacedAs">What the replaced file is called from then on, in the same folder; null, the default,
    /// to drop it.</param>
    /// <exception cref="DirectoryNotFoundException">The folder does not exist.</exception>
    /// <exception cref="UnauthorizedAccessException">The folder or file may not be written.</exception>
    /// <exception cref="IOException">The path is a folder, the disk is full, or another I/O error.</exception>
    public static void Write(string path, Action<Stream> write, string? keepReplacedAs = null)
    {
        Named(path, () =>
        {
            var target = Target(path);
            if (IsDevice(Path.GetFullPath(path)) || IsDevice(target))
            {
                using var device = new FileStream(path, FileMode.Open, FileAccess.Write);
                write(device);
            }
            else
            {
                Replace(target, write, keepReplacedAs);
            }
        });
    }

    /// <summary>Makes sure, before the work whose result it is to hold, that a file can be written; leaves nothing behind.</summary>
    /// <param name="path">File that <see cref="Write"/> is to create or replace later.</param>
    /// <exception cref="IOException">As <see cref="Write"/>, and its relatives.</exception>
    public static void ThrowIfNotWritable(string path) => Named(path, () =>
    {
        var target = Target(path);
        if (Directory.Exists(target))
        {
            throw new IOException(IsFolder);
        }

        if (!IsDevice(target))
        {
            using var probe =
                new FileStream(TemporaryFor(target), FileMode.CreateNew, FileAccess.Write, FileShare.None, 1, FileOptions.DeleteOnClose);
        }
    });

    /// <summary>Removes the temporary files of writes to a file that were killed half-way; nobody may be writing it now.</summary>
    /// <param name="path">File that <see cref="Write"/> was to create or replace.</param>
    public static void DeleteLeftovers(string path)
    {
        var target = Target(path);
        foreach (var file in new DirectoryInfo(Path.GetDirectoryName(target)!).EnumerateFiles("*" + TemporaryExtension))
        {
            if (file.FullName.Length == TemporaryFor(target).Length && file.FullName.StartsWith(target + ".", StringComparison.Ordinal))
            {
                file.Delete();
            }
        }
    }

    /// <summary>Adds the path and the cure to I/O errors.</summary>
    private static void Named(string path, Action action)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        try
        {
            action();
        }
        catch (DirectoryNotFoundException e)
        {
            throw new DirectoryNotFoundException($"Cannot write '{path}': its folder does not exist; create it first.", e);
        }
        catch (UnauthorizedAccessException e)
        {
            throw new UnauthorizedAccessException($"Cannot write '{path}': permission denied; choose a folder you may write to.", e);
        }
        catch (IOException e)
        {
            throw new IOException(
                $"Cannot write '{path}': {e.Message.ReplaceLineEndings(" ")} An earlier file of that name is unchanged.", e);
        }
    }

    private static string Target(string path)
    {
        var link = File.Exists(path) ? File.ResolveLinkTarget(path, returnFinalTarget: true) : null;
        return Path.GetFullPath(link?.FullName ?? path);
    }

    private static string TemporaryFor(string target) => $"{target}.{Path.GetRandomFileName()}{TemporaryExtension}";

    private static void Replace(string target, Action<Stream> write, string? keepReplacedAs)
    {
        if (Directory.Exists(target))
        {
            throw new IOException(IsFolder);
        }

        var temporary = TemporaryFor(target);
        using var file = new FileStream(temporary, FileMode.CreateNew, FileAccess.Write, FileShare.None, bufferSize: 1 << 16);
        try
        {
            write(file);
            file.Flush(flushToDisk: true);
            file.Dispose();
            KeepMode(target, temporary);
            if (keepReplacedAs is not null && File.Exists(target))
            {
                File.Move(target, keepReplacedAs, overwrite: true);
            }

            File.Move(temporary, target, overwrite: true);
        }
        catch
        {
            File.Delete(temporary);
            throw;
        }
    }

    private static void KeepMode(string target, string temporary)
    {
        if (!OperatingSystem.IsWindows() && File.Exists(target))
        {
            File.SetUnixFileMode(temporary, File.GetUnixFileMode(target));
        }
    }

    // /dev/shm holds ordinary files.
    private static bool IsDevice(string path) => !OperatingSystem.IsWindows() &&
        (path.StartsWith("/proc/", StringComparison.Ordinal) ||
        (path.StartsWith("/dev/", StringComparison.Ordinal) && !path.StartsWith("/dev/shm/", StringComparison.Ordinal)));
}
