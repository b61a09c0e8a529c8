using MarginNet.ModelFiles;

namespace MarginNet.Cli.Output;

/// <summary>
/// Where a trained model goes: the file asked for or, where that cannot be written, as on a disk that has filled up meanwhile, a folder
/// that has room.
/// </summary>
internal sealed class ModelDestination(string path)
{
    /// <summary>The file that holds the model, or is to hold it.</summary>
    public string Path { get; private set; } = path;

    /// <summary>Why it is another file than the one asked for; null where it is not.</summary>
    public string? Trouble { get; private set; }

    /// <summary>The folders of last resort, in the order in which they are tried.</summary>
    private static IEnumerable<string> Shelters =>
    [
        System.IO.Path.GetTempPath(),
        Environment.GetFolderPath(Environment.SpecialFolder.UserProfile),
        Directory.GetCurrentDirectory(),
        "/dev/shm",
    ];

    /// <summary>Writes the model, whole or not at all.</summary>
    /// <exception cref="IOException">It cannot be written anywhere.</exception>
    public void Save(MarginModel model)
    {
        try
        {
            model.Save(Path);
        }
        catch (Exception e) when (IsOfDisk(e) && Trouble is null)
        {
            Path = Shelter(model, e);
            Trouble = e.Message;
        }
    }

    public static bool IsOfDisk(Exception e) => e is IOException or UnauthorizedAccessException;

    private string Shelter(MarginModel model, Exception reason)
    {
        string[] shelters = [.. Shelters.Where(Directory.Exists).Distinct()];
        foreach (var shelter in shelters)
        {
            // A folder of its own, so that nothing is replaced.
            var folder = System.IO.Path.Combine(shelter, $"marginnet-{System.IO.Path.GetRandomFileName()}");
            try
            {
                Directory.CreateDirectory(folder);
                var file = System.IO.Path.Combine(folder, System.IO.Path.GetFileName(Path));
                model.Save(file);
                return file;
            }
            catch (Exception e) when (IsOfDisk(e))
            {
                DeleteEmpty(folder);
            }
        }

        throw new IOException($"{reason.Message} Nor can it be written in {string.Join(", ", shelters)}.", reason);
    }

    private static void DeleteEmpty(string folder)
    {
        if (Directory.Exists(folder))
        {
            Directory.Delete(folder);
        }
    }
}
