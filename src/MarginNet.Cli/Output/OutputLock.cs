namespace MarginNet.Cli.Output;

/// <summary>Marks a file as being written by this process; the operating system takes the mark away when the process ends, however it does.</summary>
internal sealed class OutputLock : IDisposable
{
    private readonly FileStream _file;

    /// <summary>Takes the lock of a file, which is a file beside it.</summary>
    /// <exception cref="UserErrorException">Another run has it.</exception>
    public OutputLock(string path)
    {
        try
        {
            _file = new(path + ".lock", FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, 1, FileOptions.DeleteOnClose);
        }
        catch (IOException e) when (e.GetType() == typeof(IOException))
        {
            throw new UserErrorException($"Another run is writing '{path}', since it holds '{path}.lock': wait until it ends, or give another --out.");
        }
    }

    public void Dispose() => _file.Dispose();
}
