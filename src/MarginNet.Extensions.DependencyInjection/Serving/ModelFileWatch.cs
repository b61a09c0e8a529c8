using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace MarginNet.Serving;

/// <summary>Loads the model with the host, and anew when its files have changed and then stayed the same for an interval: two files are
/// not replaced at once, and looking is the same on every system and drive.</summary>
internal sealed class ModelFileWatch(IOptions<MarginNetOptions> options, MarginGuard guard) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (options.Value.ReloadInterval == TimeSpan.Zero)
        {
            return;
        }

        using var timer = new PeriodicTimer(options.Value.ReloadInterval);
        var last = guard.Stamp;
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            var now = new ModelStamp(options.Value.Model);
            if (now != guard.Stamp && now == last)
            {
                Reload();
            }

            last = now;
        }
    }

    private void Reload()
    {
        try
        {
            guard.Reload();
        }
#pragma warning disable CA1031 // Do not catch general exception types: the guard has logged it, and the last model stays.
        catch (Exception)
#pragma warning restore CA1031
        {
        }
    }
}
