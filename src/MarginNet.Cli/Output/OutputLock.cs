namespace MarginNet.Cli.Output;

/// <summary>
/// Marks a file or folder as being written by this process; the operating system takes the mark away when the process ends, however it
/// does.
/// </summary>
internal sealed class OutputLock : IDisposable
{
    private readonly FileStream _file;

    /// <summary>Takes the lock, which is a file.</summary>
    /// <param name="path">What is written.</param>
    /// <param name="file">The lock; null, the default, for one beside it.</param>
    /// <exception cref="UserErrorException">Another run has it.</exception>
    public OutputLock(string path, string? file = null)
    {
        var name = file ?? path + ".lock";
        var exists = File.Exists(name);
        try
        {
            _file = new(name, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, 1, FileOptions.DeleteOnClose);
        }
        catch (IOException e) when (e.GetType() == typeof(IOException))
        {
            throw new UserErrorException(
                $"Another run is writing '{path}', since it holds '{name}': wait until it ends, or give another --out.");
        }

        Remark = exists
            ? $"note: an earlier run that wrote '{path}' was ended before it could clean up: its lock '{name}' holds no longer."
            : null;
    }

    /// <summary>What to tell of a lock that a run left behind; null where there was none.</summary>
    public string? Remark { get; }

    public void Dispose() => _file.Dispose();
}
