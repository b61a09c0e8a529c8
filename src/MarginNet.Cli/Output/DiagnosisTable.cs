using System.Globalization;
using System.Text.Json;

namespace MarginNet.Cli.Output;

/// <summary>A diagnosis of the machine as lines of text or as JSON.</summary>
internal sealed class DiagnosisTable(Diagnosis found)
{
    private readonly string[] _problems = [.. found.Problems];

    public bool HasProblems => _problems.Length > 0;

    public void Write(TextWriter output)
    {
        var torch = found.Torch;
        Line(output, $"MarginNet         {found.Version}");
        Line(output, $"runtime           {found.Runtime}");
        Line(output, $"system            {found.System}");
        if (torch is null)
        {
            Line(output, $"LibTorch          cannot be loaded");
        }
        else
        {
            Line(
                output,
                $"TorchSharp        {torch.TorchSharp}, {(torch.UsesAdaptedCopy ? "an adapted copy of its native library, for this system's older libstdc++" : "its native library as it comes")}");
            Line(output, $"LibTorch          {torch.Version}, {torch.Library ?? "in a file that the system does not tell"}");
            if (torch.Installation is { } installed)
            {
                Line(
                    output,
                    $"PyTorch           in place of the package: {(installed.HasCuda ? "with CUDA" : "for the CPU")}, has the {installed.NeededSymbols.Length:N0} symbols that TorchSharp needs");
            }

            Line(
                output,
                $"oneDNN            {torch.OneDnn ?? "of unknown version"}, {(torch.CanSwitchOneDnn ? "can be switched off" : "cannot be switched off")}");
        }

        Line(
            output,
            $"ONNX Runtime      {found.OnnxRuntime ?? "does not load; ONNX models need the package Microsoft.ML.OnnxRuntime, nothing else does"}");
        output.WriteLine();
        Line(
            output,
            $"processor         {found.ProcessorName}, {found.InstructionSet}{(torch?.KernelInstructions is { } instructions ? $"; LibTorch uses {instructions}" : "")}");
        Line(output, $"first data cache  {DescribeCache()}");
        if (found.OneDnnMaximum is { } maximum)
        {
            Line(output, $"oneDNN keeps to   {maximum}, by ONEDNN_MAX_CPU_ISA");
        }

        Line(
            output,
            $"threads           {(torch is null ? "" : $"{torch.Threads} on ")}{found.Cores} cores, OMP_WAIT_POLICY {found.WaitPolicy ?? "not set"}");
        Line(output, $"memory            {Size(found.MemoryBytes)}, {Size(found.AvailableMemoryBytes)} available");
        Line(output, $"GPU               {DescribeGpu()}");
        Line(
            output,
            $"cache folder      {found.CacheFolder}, {(found.CacheFailure is null ? "can be written" : "cannot be written")}{(found.FreeDiskBytes is { } free ? $", {Size(free)} of disk free" : "")}");
        output.WriteLine();
        if (torch is not null)
        {
            WriteKernels(output, torch.Kernels);
            output.WriteLine();
        }

        output.Write(HasProblems ? "" : "Nothing is wrong.\n");
    }

    /// <summary>Writes what is wrong, a line for each.</summary>
    public void WriteProblems(TextWriter output) => Array.ForEach(_problems, problem => output.WriteLine($"problem: {problem}"));

    public void Write(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteString("marginnet", found.Version);
        json.WriteString("runtime", found.Runtime);
        json.WriteString("system", found.System);
        json.WriteString("onnx_runtime", found.OnnxRuntime);
        json.WriteString("processor", found.ProcessorName);
        json.WriteString("instruction_set", found.InstructionSet);
        Write(json, "first_cache_bytes", found.FirstCacheBytes);
        json.WriteString("onednn_max_cpu_isa", found.OneDnnMaximum);
        WriteStrings(json, "gpus", found.Gpus);
        json.WriteNumber("cores", found.Cores);
        json.WriteString("omp_wait_policy", found.WaitPolicy);
        json.WriteNumber("memory_bytes", found.MemoryBytes);
        json.WriteNumber("available_memory_bytes", found.AvailableMemoryBytes);
        json.WriteString("cache_folder", found.CacheFolder);
        json.WriteBoolean("cache_writable", found.CacheFailure is null);
        Write(json, "free_disk_bytes", found.FreeDiskBytes);
        json.WritePropertyName("libtorch");
        if (found.Torch is { } torch)
        {
            Write(json, torch);
        }
        else
        {
            json.WriteNullValue();
        }

        WriteStrings(json, "problems", _problems);
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, TorchDiagnosis torch)
    {
        json.WriteStartObject();
        json.WriteString("version", torch.Version);
        json.WriteString("torchsharp", torch.TorchSharp);
        json.WriteString("file", torch.Library);
        json.WriteBoolean("installed_pytorch", torch.Installation is not null);
        json.WriteBoolean("adapted_copy", torch.UsesAdaptedCopy);
        json.WriteString("onednn", torch.OneDnn);
        json.WriteBoolean("onednn_switchable", torch.CanSwitchOneDnn);
        json.WriteString("kernel_instructions", torch.KernelInstructions);
        json.WriteNumber("threads", torch.Threads);
        json.WriteNumber("cuda_gpus", torch.GpuCount);
        json.WriteStartArray("kernels");
        foreach (var finding in torch.Kernels.Findings)
        {
            json.WriteStartObject();
            json.WriteString("kind", finding.Kind);
            JsonNumbers.Write(json, "error", finding.Error);
            JsonNumbers.Write(json, "error_without_onednn", finding.ErrorWithoutOneDnn);
            json.WriteBoolean("right", finding.IsRight);
            json.WriteBoolean("right_without_onednn", finding.IsRightWithoutOneDnn);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, string name, long? value) => JsonNumbers.Write(json, name, value ?? double.NaN);

    private static void WriteStrings(Utf8JsonWriter json, string name, IEnumerable<string> values)
    {
        json.WritePropertyName(name);
        JsonSerializer.Serialize(json, values);
    }

    private static void WriteKernels(TextWriter output, KernelReport kernels)
    {
        var width = kernels.Findings.Max(finding => finding.Kind.Length);
        Line(output, $"{"kernels".PadRight(width)}  {"error",8}  {"without oneDNN",14}");
        foreach (var finding in kernels.Findings)
        {
            var verdict = finding.IsRight ? "right" : finding.IsRightWithoutOneDnn ? "WRONG, right without oneDNN" : "WRONG";
            Line(output, $"{finding.Kind.PadRight(width)}  {Number(finding.Error),8}  {Number(finding.ErrorWithoutOneDnn),14}  {verdict}");
        }

        Line(
            output,
            $"Errors are differences from float64, as shares of the largest number; up to {KernelFinding.Tolerance:0e+0} may be rounding.");
    }

    private string DescribeCache() => found.FirstCacheBytes switch
    {
        null => "not asked on this kind of processor",
        0 => "hidden by the processor or its hypervisor, which is what makes oneDNN 3.7 compute wrongly",
        var bytes => $"{bytes / 1024} KiB",
    };

    private string DescribeGpu() => (found.Torch?.GpuCount ?? 0, found.Gpus) switch
    {
        (0, []) => "none",
        (0, var names) => $"{string.Join(", ", names)}, which this LibTorch cannot use",
        (var count, []) => $"{count}, by CUDA",
        (var count, var names) => $"{string.Join(", ", names)}; LibTorch can use {count}",
    };

    private static string Size(long bytes) => string.Create(CultureInfo.InvariantCulture, $"{bytes / (double)(1L << 30):f1} GiB");

    private static string Number(double error) => double.IsFinite(error) ? error.ToString("0.0e+0", CultureInfo.InvariantCulture) : "NaN";

    private static void Line(TextWriter output, FormattableString text) =>
        output.WriteLine(text.ToString(CultureInfo.InvariantCulture).TrimEnd());
}
