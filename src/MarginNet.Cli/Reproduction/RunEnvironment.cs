using System.Reflection;
using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace MarginNet.Cli.Reproduction;

/// <summary>Where and by what a stage was computed.</summary>
internal sealed record RunEnvironment(
    string MarginNet, string LibTorch, string Runtime, string System, string Processor, string Device, int Threads)
{
    private const string ProcessorFile = "/proc/cpuinfo";

    public static RunEnvironment Of(Device device) => new(
        Version(typeof(RunEnvironment).Assembly),
        $"{__version__} (TorchSharp {Version(typeof(TorchSharp.torch).Assembly)})",
        RuntimeInformation.FrameworkDescription,
        $"{RuntimeInformation.OSDescription}, {RuntimeInformation.OSArchitecture}",
        ProcessorName(),
        device.ToString(),
        get_num_threads());

    /// <summary>The version without the commit that the build appends.</summary>
    private static string Version(Assembly assembly) =>
        (assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion
            ?? assembly.GetName().Version!.ToString()).Split('+')[0];

    private static string ProcessorName()
    {
        var line = File.Exists(ProcessorFile) ? File.ReadLines(ProcessorFile)
            .FirstOrDefault(text => text.StartsWith("model name", StringComparison.Ordinal)) : null;
        return $"{line?[(line.IndexOf(':', StringComparison.Ordinal) + 1)..].Trim() ?? "unknown"}, {Environment.ProcessorCount} cores";
    }
}
