using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using MarginNet.Cli.Configuration;

namespace MarginNet.Cli.Output;

/// <summary>What <c>--verbose</c> tells: before a run its versions and options, after it what it took.</summary>
internal sealed class VerboseLog : IDisposable
{
    private readonly Action<string> _write;
    private readonly Stopwatch _clock = Stopwatch.StartNew();

    public VerboseLog(TextWriter error, RunConfiguration configuration)
    {
        _write = error.WriteLine;
        error.WriteLine($"marginnet {RunConfiguration.Version}, {RuntimeInformation.FrameworkDescription}, "
            + $"{RuntimeInformation.RuntimeIdentifier}, {Environment.ProcessorCount} cores");
        error.WriteLine(configuration);
    }

    public void Dispose()
    {
        using var process = Process.GetCurrentProcess();
        _write(string.Create(
            CultureInfo.InvariantCulture,
            $"took {_clock.Elapsed.TotalSeconds:f1} s, {process.TotalProcessorTime.TotalSeconds:f1} s of processors, "
            + $"at most {process.PeakWorkingSet64 / 1e6:f0} MB of memory"));
    }
}
