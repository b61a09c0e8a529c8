using System.Buffers;
using System.Diagnostics;
using System.Threading.Channels;
using MarginNet.Margins;
using MarginNet.PValues;
using Microsoft.Extensions.Logging;

namespace MarginNet.Serving;

/// <summary>One model, and the images that wait for it: scored in batches, no more of them at once than may, until it is retired.</summary>
#pragma warning disable CA1001 // Types that own disposable fields should be disposable: the last loop disposes them.
internal sealed class ModelBatches
#pragma warning restore CA1001
{
    private readonly Channel<PendingImage> _queue = Channel.CreateUnbounded<PendingImage>();
    private readonly Lock _door = new();
    private readonly SemaphoreSlim _turns; // Whose holders score: the loops, or who asks while one is free.
    private readonly int _most;
    private readonly IServedModel _model;
    private readonly MarginNetOptions _options;
    private readonly GuardMetrics _metrics;
    private readonly ILogger _log;
    private readonly FlagRule _rule;
    private readonly DriftWatch _drift;
    private int _waiting; // In the queue; it is what bounds it, for all images of a request or none.
    private bool _isRetired;

    /// <param name="model">The model, from now on this one's.</param>
    /// <param name="options">How.</param>
    /// <param name="metrics">Told what is done.</param>
    /// <param name="log">Told what goes wrong.</param>
    public ModelBatches(IServedModel model, MarginNetOptions options, GuardMetrics metrics, ILogger log)
    {
        (_model, _options, _metrics, _log, Card) = (model, options, metrics, log, model.Card);
        _rule = options.Alpha is null && model.NullModel.Rule is { } kept ? kept
            : FlagRule.Calibrate(model.NullModel, options.Alpha ?? 0.05);
        _drift = new(options.DriftAlpha, options.DriftWindow);
        _most = options.ConcurrentBatches > 0 ? options.ConcurrentBatches : Environment.ProcessorCount;
        _turns = new(_most);
        Completion = RunAsync();
    }

    public ModelCard Card { get; }

    /// <summary>Ends when it is retired, the last image has its verdict and the model is disposed.</summary>
    public Task Completion { get; }

    public int Waiting => Volatile.Read(ref _waiting);

    public double LogMartingale => _drift.LogMartingale;

    public bool HasDrifted => _drift.HasAlarmed;

    /// <summary>What the last batch failed by; null where it did not.</summary>
    public Exception? Failure { get; private set; }

    /// <summary>Judges images at once where none waits and there is a turn, which saves two changes of threads; else adds them to the
    /// queue, all of them or none.</summary>
    /// <returns>False where it is retired.</returns>
    /// <exception cref="GuardBusyException">They are too many.</exception>
    public bool TryAdd(PendingImage[] images)
    {
        lock (_door)
        {
            if (_isRetired)
            {
                return false;
            }

            if (_waiting > 0 || _options.MaxWait > TimeSpan.Zero || images.Length > _options.MaxBatchSize || !_turns.Wait(0))
            {
                Enqueue(images);
                return true;
            }
        }

        try
        {
            Judge(images);
        }
        finally
        {
            _turns.Release();
        }

        return true;
    }

    /// <summary>Takes no more images; those that wait are judged.</summary>
    public void Retire()
    {
        lock (_door)
        {
            _isRetired = true;
            _queue.Writer.TryComplete();
        }
    }

    private void Enqueue(PendingImage[] images)
    {
        if (_waiting + images.Length > _options.QueueLimit)
        {
            throw new GuardBusyException(_waiting, images.Length, _options.QueueLimit);
        }

        Interlocked.Add(ref _waiting, images.Length);
        Array.ForEach(images, image => _queue.Writer.TryWrite(image));
    }

    private async Task RunAsync()
    {
        using (_model)
        using (_turns)
        {
            await Task.WhenAll(Enumerable.Range(0, _most).Select(_ => Task.Run(TakeTurnsAsync)));
            for (var i = 0; i < _most; i++)
            {
                await _turns.WaitAsync(); // Of those who score in their own threads.
            }
        }
    }

    private async Task TakeTurnsAsync()
    {
        var batch = new List<PendingImage>();
        while (await _queue.Reader.WaitToReadAsync())
        {
            await _turns.WaitAsync(); // What comes meanwhile joins the batch.
            await FillAsync(batch);
            Judge(batch);
            batch.Clear();
            _turns.Release();
        }
    }

    /// <summary>Takes what waits, and waits for more as long as it may.</summary>
    private async Task FillAsync(List<PendingImage> batch)
    {
        Take(batch);
        if (_options.MaxWait == TimeSpan.Zero || batch.Count == 0)
        {
            return;
        }

        using var timeout = new CancellationTokenSource(_options.MaxWait);
        try
        {
            while (batch.Count < _options.MaxBatchSize && await _queue.Reader.WaitToReadAsync(timeout.Token))
            {
                Take(batch);
            }
        }
        catch (OperationCanceledException)
        {
            // It has waited long enough.
        }
    }

    private void Take(List<PendingImage> batch)
    {
        while (batch.Count < _options.MaxBatchSize && _queue.Reader.TryRead(out var image))
        {
            Interlocked.Decrement(ref _waiting);
            if (!image.Task.IsCompleted) // It was not cancelled.
            {
                batch.Add(image);
            }
        }
    }

    private void Judge(IReadOnlyList<PendingImage> batch)
    {
        if (batch.Count == 0)
        {
            return;
        }

        var length = Card.ImageLength;
        var images = ArrayPool<float>.Shared.Rent(batch.Count * length);
        try
        {
            for (var i = 0; i < batch.Count; i++)
            {
                batch[i].Image.Span.CopyTo(images.AsSpan(i * length));
            }

            var start = Stopwatch.GetTimestamp();
            var scores = _model.Score(images.AsMemory(0, batch.Count * length), batch.Count);
            _metrics.Scored(batch.Count, Stopwatch.GetElapsedTime(start));
            for (var i = 0; i < batch.Count; i++)
            {
                Answer(batch[i], scores.AsSpan(i * Card.ClassNames.Length, Card.ClassNames.Length));
            }

            Failure = null;
        }
#pragma warning disable CA1031 // Do not catch general exception types: those that wait are told, others go on.
        catch (Exception e)
#pragma warning restore CA1031
        {
            Failure = e;
            _log.BatchFailed(batch.Count, e);
            foreach (var image in batch)
            {
                image.TrySetException(e);
            }
        }
        finally
        {
            ArrayPool<float>.Shared.Return(images);
        }
    }

    private void Answer(PendingImage image, ReadOnlySpan<float> scores)
    {
        foreach (var score in scores)
        {
            if (!float.IsFinite(score))
            {
                image.TrySetException(new InvalidDataException("A score of the image is not finite, so it has no margin."));
                return;
            }
        }

        var (decided, margin) = DecisionMargin.Compute(scores);
        var p = _model.NullModel.Score(margin, decided, _rule.Null);
        var verdict = new Verdict(Card.ClassNames[decided], margin, p.Of(_rule.Tail), _rule.Flags(p), Card.Version);
        _metrics.Decided(verdict);
        bool isAlarm;
        lock (_drift)
        {
            isAlarm = _drift.Add(verdict.PValue);
        }

        if (isAlarm)
        {
            _metrics.Drifted();
            _log.Drifted(_options.DriftAlpha, _options.DriftWindow);
        }

        image.TrySetResult(verdict);
    }
}
