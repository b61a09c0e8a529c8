namespace MarginNet.Native;

/// <summary>What NVIDIA's driver for Linux says of the GPUs, whichever LibTorch there is.</summary>
internal static class GpuNames
{
    private const string Folder = "/proc/driver/nvidia/gpus";
    private const string Key = "Model:";

    /// <summary>Their names, such as <c>NVIDIA H100</c>; none where there is no such driver.</summary>
    public static IEnumerable<string> OfDriver()
    {
        try
        {
            return [.. Directory.EnumerateDirectories(Folder).Order(StringComparer.Ordinal).Select(Name).OfType<string>()];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    private static string? Name(string gpu) =>
        File.ReadLines(
            Path.Combine(gpu, "information")).FirstOrDefault(line => line.StartsWith(Key, StringComparison.Ordinal))?[Key.Length..].Trim();
}
