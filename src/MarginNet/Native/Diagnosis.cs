using System.Collections.Immutable;
using System.Reflection;
using System.Runtime.InteropServices;
using MarginNet.Checkpoints;
using MarginNet.Data;
using MarginNet.Native;

namespace MarginNet;

/// <summary>What the report of a fault should tell of the machine, the libraries and whether they compute rightly here.</summary>
public sealed partial record Diagnosis
{
    /// <summary>The memory, and the disk of the cache folder, below which something is wrong: 1 GiB.</summary>
    public const long LeastBytes = 1L << 30;

    /// <summary>The version of MarginNet.</summary>
    public required string Version { get; init; }

    /// <summary>The .NET runtime, such as <c>.NET 10.0.1</c>.</summary>
    public string Runtime { get; init; } = RuntimeInformation.FrameworkDescription;

    /// <summary>The operating system, and what it runs on, such as <c>Debian GNU/Linux 12 (bookworm), linux-x64</c>.</summary>
    public string System { get; init; } = $"{RuntimeInformation.OSDescription}, {RuntimeInformation.RuntimeIdentifier}";

    /// <summary>What needs LibTorch; null where that cannot be loaded.</summary>
    public required TorchDiagnosis? Torch { get; init; }

    /// <summary>Why LibTorch cannot be loaded, in one line; null where it can.</summary>
    public string? TorchFailure { get; init; }

    /// <summary>The version of ONNX Runtime, which ONNX models need and nothing else;
    /// null where its native library does not load.</summary>
    public string? OnnxRuntime { get; init; }

    /// <summary>The processor's name.</summary>
    public string ProcessorName { get; init; } = Processor.Name;

    /// <summary>The widest instructions it has, such as <c>AVX2</c>.</summary>
    public string InstructionSet { get; init; } = Processor.InstructionSet;

    /// <summary>The bytes of a core's first data cache; 0 where the processor or its hypervisor hides it,
    /// where oneDNN 3.7 computes wrongly; null where the question has no meaning.</summary>
    public int? FirstCacheBytes { get; init; } = Processor.FirstCacheBytes;

    /// <summary>The instructions that ONEDNN_MAX_CPU_ISA has oneDNN keep to; null where it is not set.</summary>
    public string? OneDnnMaximum { get; init; } = Environment.GetEnvironmentVariable("ONEDNN_MAX_CPU_ISA");

    /// <summary>The names of the NVIDIA GPUs, as their driver for Linux tells, whether LibTorch can use them or not.</summary>
    public ImmutableArray<string> Gpus { get; init; } = [.. GpuNames.OfDriver()];

    /// <summary>The processor's cores that this process may use.</summary>
    public int Cores { get; init; } = Environment.ProcessorCount;

    /// <summary>OMP_WAIT_POLICY, whether threads without work sleep (<c>passive</c>) or spin; null where it is not set.</summary>
    public string? WaitPolicy { get; init; }

    /// <summary>The memory that this process may use, in bytes, the limits of a container included.</summary>
    public required long MemoryBytes { get; init; }

    /// <summary>The memory of it that is free or can be freed, in bytes.</summary>
    public required long AvailableMemoryBytes { get; init; }

    /// <summary>The folder for downloads and checks of kernels.</summary>
    public string CacheFolder { get; init; } = VerifiedDownload.DefaultFolder;

    /// <summary>Why that folder cannot be written, in one line; null where it can.</summary>
    public string? CacheFailure { get; init; }

    /// <summary>The bytes free on its disk; null where the system does not tell.</summary>
    public long? FreeDiskBytes { get; init; }

    /// <summary>What is wrong, with its cure, a line for each; empty where all is well.</summary>
    public ImmutableArray<string> Problems => [.. DiagnosisProblems.Of(this)];

    /// <summary>Gathers all that, and compares LibTorch's convolutions with float64 anew: within some seconds.</summary>
    public static Diagnosis Make()
    {
        var torch = TorchDiagnosis.TryMake(out var torchFailure);
        var (memory, available) = MachineMemory.Read();
        return new()
        {
            Version = VersionOf(typeof(Diagnosis).Assembly),
            Torch = torch,
            TorchFailure = torchFailure,
            OnnxRuntime = OnnxRuntimeVersion.TryGet(),
            WaitPolicy = ReadNativeEnvironment("OMP_WAIT_POLICY"),
            MemoryBytes = memory,
            AvailableMemoryBytes = available,
            CacheFailure = TryWrite(VerifiedDownload.DefaultFolder),
            FreeDiskBytes = TryGetFreeDisk(VerifiedDownload.DefaultFolder),
        };
    }

    internal static string VersionOf(Assembly assembly) =>
        assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? $"{assembly.GetName().Version}";

    private static string? TryWrite(string folder)
    {
        try
        {
            Directory.CreateDirectory(folder);
            AtomicFile.ThrowIfNotWritable(Path.Combine(folder, "doctor"));
            return null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return (e.InnerException ?? e).Message.ReplaceLineEndings(" ");
        }
    }

    private static long? TryGetFreeDisk(string folder)
    {
        try
        {
            var existing = new DirectoryInfo(folder);
            while (!existing.Exists && existing.Parent is { } parent)
            {
                existing = parent;
            }

            return new DriveInfo(existing.FullName).AvailableFreeSpace;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return null; // Such as a share of the network.
        }
    }

    /// <summary>A variable as native libraries see it: .NET does not see those that were set natively.</summary>
    private static string? ReadNativeEnvironment(string name) =>
        OperatingSystem.IsWindows() ? Environment.GetEnvironmentVariable(name) : Marshal.PtrToStringUTF8(GetEnvironmentVariable(name));

    [LibraryImport("libc", EntryPoint = "getenv", StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial nint GetEnvironmentVariable(string name);
}
