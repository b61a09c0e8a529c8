using System.Diagnostics;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace MarginNet.Serving;

/// <summary>The door: hands images to the batches of the model of now, and exchanges the model.</summary>
internal sealed class MarginGuard : IMarginGuard, IDisposable, IAsyncDisposable
{
    private readonly Lock _reloading = new();
    private readonly MarginNetOptions _options;
    private readonly IModelLoader _loader;
    private readonly GuardMetrics _metrics;
    private readonly ILogger<MarginGuard> _log;
    private ModelBatches _current;
    private Task _draining = Task.CompletedTask;

    public MarginGuard(IOptions<MarginNetOptions> options, IModelLoader loader, GuardMetrics metrics, ILogger<MarginGuard> log)
    {
        (_options, _loader, _metrics, _log) = (options.Value, loader, metrics, log);
        Stamp = new(_options.Model); // Before it is loaded: what changes in between is seen.
        _current = Create(ModelCheck.Load(loader, _options));
        metrics.Observe(() => Current.Waiting, () => Current.LogMartingale);
    }

    public ModelCard Model => Current.Card;

    /// <summary>The model of now and what waits for it.</summary>
    internal ModelBatches Current => Volatile.Read(ref _current);

    /// <summary>The files that were last tried.</summary>
    internal ModelStamp Stamp { get; private set; }

    /// <summary>Why the files of now are not those that judge; null where they are.</summary>
    internal string? Refusal { get; private set; }

    public async Task<Verdict> JudgeAsync(ReadOnlyMemory<float> image, CancellationToken cancellation = default) =>
        (await JudgeAsync([image], cancellation))[0];

    public async Task<Verdict[]> JudgeAsync(IReadOnlyList<ReadOnlyMemory<float>> images, CancellationToken cancellation = default)
    {
        cancellation.ThrowIfCancellationRequested();
        using var activity = GuardMetrics.Activities.StartActivity("marginnet.judge");
        var start = Stopwatch.GetTimestamp();
        PendingImage[] pending = [.. images.Select(image => new PendingImage(image))];
        Add(pending);
        await using (cancellation.UnsafeRegister(
            static (state, token) => Array.ForEach((PendingImage[])state!, image => image.TrySetCanceled(token)), pending))
        {
            var verdicts = await Task.WhenAll(pending.Select(image => image.Task));
            _metrics.Judged(Stopwatch.GetElapsedTime(start));
            activity?.SetTag("marginnet.images", verdicts.Length);
            activity?.SetTag("marginnet.flagged", verdicts.Count(verdict => verdict.Flagged));
            activity?.SetTag("marginnet.model", verdicts.Length > 0 ? verdicts[0].Model : null);
            return verdicts;
        }
    }

    public void Reload()
    {
        lock (_reloading)
        {
            Stamp = new(_options.Model);
            IServedModel model;
            try
            {
                model = ModelCheck.Load(_loader, _options);
            }
            catch (Exception e)
            {
                Refusal = e.Message.ReplaceLineEndings(" ");
                _metrics.Reloaded(isLoaded: false);
                _log.ReloadRefused(_options.Model, Current.Card.Version, Refusal);
                throw;
            }

            Refusal = null;
            if (model.Card.Version == Current.Card.Version)
            {
                model.Dispose();
                return;
            }

            var old = Current;
            Volatile.Write(ref _current, Create(model));
            old.Retire();
            _draining = Task.WhenAll(_draining, old.Completion);
            _metrics.Reloaded(isLoaded: true);
        }
    }

    public async ValueTask DisposeAsync()
    {
        Current.Retire();
        await Task.WhenAll(_draining, Current.Completion);
    }

    public void Dispose() => DisposeAsync().AsTask().GetAwaiter().GetResult();

    private ModelBatches Create(IServedModel model)
    {
        _log.Loaded(_options.Model, model.Card.Version, model.Card.ClassNames.Length);
        return new(model, _options, _metrics, _log);
    }

    private void Add(PendingImage[] images)
    {
        try
        {
            ModelBatches batches;
            do
            {
                batches = Current;
                Array.ForEach(images, image => batches.Card.ThrowIfUnfit(image.Image.Span));
            }
            while (!batches.TryAdd(images)); // It was exchanged in between.
        }
        catch (GuardBusyException)
        {
            _metrics.Refused(images.Length);
            throw;
        }
    }
}
