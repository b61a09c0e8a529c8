using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using MarginNet.Checkpoints;
using MarginNet.Data;
using static TorchSharp.torch;

namespace MarginNet.Native;

/// <summary>Reports of the kernels, kept in the user's cache folder, one file for each processor and library.</summary>
internal static class KernelMemory
{
    /// <summary>The file of this processor, this library and what else kernels depend on.</summary>
    public static string Path
    {
        get
        {
            var library = TorchNative.Library is { } path && File.Exists(path) ? new FileInfo(path) : null;
            string[] key =
            [
                typeof(KernelMemory).Assembly.GetName().Version?.ToString() ?? "", Processor.Name, Processor.InstructionSet,
                $"{Processor.FirstCacheBytes}",
                library?.FullName ?? "",
                string.Create(CultureInfo.InvariantCulture, $"{library?.Length} {library?.LastWriteTimeUtc.Ticks} {get_num_threads()}"),
                Environment.GetEnvironmentVariable("ONEDNN_MAX_CPU_ISA") ?? "",
            ];
            return System.IO.Path.Combine(
                VerifiedDownload.DefaultFolder,
                $"kernels-{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\n', key))))[..16]}.json");
        }
    }

    /// <summary>Reads a report; null where there is none that can be read.</summary>
    public static KernelReport? Read(string path)
    {
        try
        {
            var findings = JsonSerializer.Deserialize<StoredFinding[]>(File.ReadAllBytes(path));
            return findings is not null && findings.Select(finding => finding.Kind).SequenceEqual(KernelProbe.Cases.Select(it => it.Kind))
                ? new(
                    [.. findings.Select(finding => new KernelFinding(
                        finding.Kind, finding.Error ?? double.PositiveInfinity, finding.ErrorWithoutOneDnn ?? double.PositiveInfinity))],
                    IsRemembered: true)
                : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException)
        {
            return null;
        }
    }

    /// <summary>Writes a report, where the folder can be written.</summary>
    public static void Write(string path, KernelReport report)
    {
        try
        {
            Directory.CreateDirectory(System.IO.Path.GetDirectoryName(path)!);
            AtomicFile.Write(
                path,
                stream => JsonSerializer.Serialize(stream, report.Findings.Select(
                    finding => new StoredFinding(finding.Kind, Finite(finding.Error), Finite(finding.ErrorWithoutOneDnn)))));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // It is found again next time.
        }
    }

    private static double? Finite(double value) => double.IsFinite(value) ? value : null;

    /// <summary>A finding in a file, where no number stands for what JSON has none for.</summary>
    private sealed record StoredFinding(string Kind, double? Error, double? ErrorWithoutOneDnn);
}
