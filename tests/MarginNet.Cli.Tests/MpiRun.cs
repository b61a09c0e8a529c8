using System.Diagnostics;
using System.Globalization;

namespace MarginNet.Cli.Tests;

/// <summary>The tool as several processes, under mpirun.</summary>
internal static class MpiRun
{
    private static readonly TimeSpan TimeLimit = TimeSpan.FromMinutes(3); // On a machine that may be busy.

    /// <summary>The launchers of this machine, by Debian's names.</summary>
    public static string[] Launchers { get; } = OperatingSystem.IsLinux()
        ? [.. new[] { "/usr/bin/mpirun.openmpi", "/usr/bin/mpirun.mpich" }.Where(File.Exists)]
        : [];

    /// <summary>Starts ranks with arguments that may differ from rank to rank.</summary>
    public static Process Start(string launcher, params string[][] ranks)
    {
        string[] options = launcher.EndsWith("openmpi", StringComparison.Ordinal) ? ["--oversubscribe", "--bind-to", "none", "--mca", "mpi_yield_when_idle", "1"] : [];
        var tool = Path.Combine(AppContext.BaseDirectory, "MarginNet.Cli.dll");
        var programs = ranks.SelectMany(args => (string[])[":", "-np", "1", "dotnet", tool, .. args]).Skip(1);
        var start = new ProcessStartInfo(launcher, [.. options, .. programs])
        {
            RedirectStandardInput = true,
            RedirectStandardError = true,
            RedirectStandardOutput = true,
        };
        start.Environment["OMPI_ALLOW_RUN_AS_ROOT"] = start.Environment["OMPI_ALLOW_RUN_AS_ROOT_CONFIRM"] = "1"; // In containers.
        return Process.Start(start)!;
    }

    /// <summary>Runs a number of ranks alike to their end.</summary>
    public static Task<ToolRun> RunAsync(string launcher, int ranks, params string[] args) =>
        EndAsync(Start(launcher, [.. Enumerable.Repeat(args, ranks)]));

    /// <summary>Waits for the end of all ranks.</summary>
    public static async Task<ToolRun> EndAsync(Process process)
    {
        using (process)
        {
            var (output, error) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
            try
            {
                await process.WaitForExitAsync().WaitAsync(TimeLimit);
            }
            catch (TimeoutException)
            {
                process.Kill(entireProcessTree: true);
                Assert.Fail($"The ranks did not end within {TimeLimit.TotalSeconds} s, and were killed. They said: {await error}");
            }

            return new(process.ExitCode, await output, await error);
        }
    }

    /// <summary>The processes of the ranks, which are those of the launcher and its helpers.</summary>
    public static int[] Ranks(Process launcher)
    {
        var parents = Process.GetProcesses().ToDictionary(process => process.Id, process => Parent(process.Id));
        bool IsBelow(int process) => parents.TryGetValue(process, out var parent) && (parent == launcher.Id || IsBelow(parent));
        return [.. parents.Keys.Where(process => IsBelow(process) && Name(process) == "dotnet").Order()];
    }

    private static int Parent(int process) => Field(process, "PPid:") is { } text ? int.Parse(text, CultureInfo.InvariantCulture) : 0;

    private static string? Name(int process) => Field(process, "Name:");

    private static string? Field(int process, string name)
    {
        try
        {
            return File.ReadLines($"/proc/{process}/status")
                .FirstOrDefault(line => line.StartsWith(name, StringComparison.Ordinal))?[name.Length..].Trim();
        }
        catch (IOException)
        {
            return null; // It has ended.
        }
    }
}
