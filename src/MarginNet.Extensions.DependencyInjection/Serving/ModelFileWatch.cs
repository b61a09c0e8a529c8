using MarginNet.ModelFiles;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace MarginNet.Serving;

/// <summary>Loads the model with the host, and anew when its files have changed and then stayed the same for an interval: two files are
/// not replaced at once, and looking is the same on every system and drive.</summary>
internal sealed class ModelFileWatch : BackgroundService
{
    private readonly MarginNetOptions _options;
    private readonly MarginGuard _guard;
    private (FileStamp, FileStamp) _loaded;

    public ModelFileWatch(IOptions<MarginNetOptions> options, IServiceProvider services)
    {
        _options = options.Value;
        _loaded = Look(); // Before it is loaded: what changes in between is seen.
        _guard = (MarginGuard)services.GetService(typeof(MarginGuard))!;
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (_options.ReloadInterval == TimeSpan.Zero)
        {
            return;
        }

        using var timer = new PeriodicTimer(_options.ReloadInterval);
        var last = _loaded;
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            var now = Look();
            if (now != _loaded && now == last)
            {
                _loaded = now;
                Reload();
            }

            last = now;
        }
    }

    private void Reload()
    {
        try
        {
            _guard.Reload();
        }
#pragma warning disable CA1031 // Do not catch general exception types: the guard has logged it, and the last model stays.
        catch (Exception)
#pragma warning restore CA1031
        {
        }
    }

    private (FileStamp Model, FileStamp Calibration) Look() =>
        (FileStamp.Of(_options.Model), FileStamp.Of(CalibrationFile.PathFor(_options.Model)));

    /// <summary>What changes with a file.</summary>
    private readonly record struct FileStamp(long Length, DateTime Written)
    {
        public static FileStamp Of(string path) =>
            new FileInfo(path) is { Exists: true } file ? new(file.Length, file.LastWriteTimeUtc) : default;
    }
}
