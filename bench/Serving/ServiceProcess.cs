using System.Diagnostics;

namespace MarginNet.ServingBench;

/// <summary>A service in a process of its own.</summary>
internal sealed class ServiceProcess : IDisposable
{
    private readonly Process _process;

    private ServiceProcess(string[] command, int port)
    {
        Port = port;
        _process = Process.Start(new ProcessStartInfo("dotnet", command) { RedirectStandardOutput = true })!;
        _process.OutputDataReceived += (_, _) => { };
        _process.BeginOutputReadLine();
    }

    public int Port { get; }

    public int Id => _process.Id;

    /// <summary>Processor time that it has used, of all cores.</summary>
    public TimeSpan Time
    {
        get
        {
            _process.Refresh();
            return _process.TotalProcessorTime;
        }
    }

    /// <summary>Its memory in bytes.</summary>
    public long Memory
    {
        get
        {
            _process.Refresh();
            return _process.WorkingSet64;
        }
    }

    public static ServiceProcess Bare(string model, int port) =>
        new([typeof(ServiceProcess).Assembly.Location, "bare", model, $"http://127.0.0.1:{port}"], port);

    public static ServiceProcess Guard(string program, string model, int port, params string[] options) => new(
        [program, "--MarginNet:Model", model, "--urls", $"http://127.0.0.1:{port}", "--RequestsPerSecond", "1000000",
            "--Logging:LogLevel:Default", "Error", .. options], port);

    /// <summary>Waits until it answers.</summary>
    public async Task ReadyAsync(byte[] request)
    {
        for (var clock = Stopwatch.StartNew(); ; await Task.Delay(50))
        {
            try
            {
                using var client = new RawClient(Port);
                if ((await client.AskAsync(request)).Status == 200)
                {
                    return;
                }
            }
            catch (IOException) when (!_process.HasExited && clock.Elapsed < TimeSpan.FromMinutes(2))
            {
                // Not yet.
            }
        }
    }

    /// <summary>Ends it at once, as a power cut would.</summary>
    public void Kill()
    {
        _process.Kill();
        _process.WaitForExit();
    }

    /// <summary>Asks it to end, and waits for that.</summary>
    public void Stop()
    {
        using (var kill = Process.Start("kill", ["-TERM", $"{_process.Id}"]))
        {
            kill.WaitForExit();
        }

        _process.WaitForExit();
    }

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            Kill();
        }

        _process.Dispose();
    }
}
