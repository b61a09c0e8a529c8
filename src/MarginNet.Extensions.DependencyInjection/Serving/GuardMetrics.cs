using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace MarginNet.Serving;

/// <summary>What is measured, by the meter and the activity source <c>MarginNet</c>.</summary>
internal sealed class GuardMetrics : IDisposable
{
    public const string Name = "MarginNet";
    private static readonly double[] Shares = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1];
    private static readonly double[] Margins = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500];
    private static readonly double[] Seconds = [0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5];
    private static readonly double[] Sizes = [1, 2, 4, 8, 16, 32, 64, 128, 256];

    private readonly Meter _meter;
    private readonly Counter<long> _decisions;
    private readonly Counter<long> _flags;
    private readonly Counter<long> _refusals;
    private readonly Counter<long> _reloads;
    private readonly Counter<long> _alarms;
    private readonly Histogram<double> _pValues;
    private readonly Histogram<double> _margins;
    private readonly Histogram<double> _judging;
    private readonly Histogram<double> _scoring;
    private readonly Histogram<double> _batches;

    public GuardMetrics(IMeterFactory factory)
    {
        _meter = factory.Create(Name);
        _decisions = _meter.CreateCounter<long>("marginnet.decisions", "{decision}", "Decisions, by class.");
        _flags = _meter.CreateCounter<long>("marginnet.flags", "{decision}", "Decisions that are flagged, by class.");
        _refusals = _meter.CreateCounter<long>("marginnet.refusals", "{image}", "Images refused since too many waited.");
        _reloads = _meter.CreateCounter<long>("marginnet.reloads", "{reload}", "Changed model files, by outcome: loaded, or refused.");
        _alarms = _meter.CreateCounter<long>("marginnet.drift.alarms", "{alarm}", "Drift alarms.");
        _pValues = Histogram("marginnet.p_value", "1", "p-values of decisions.", Shares);
        _margins = Histogram("marginnet.margin", "1", "Margins of decisions, in logits.", Margins);
        _judging = Histogram("marginnet.judge.duration", "s", "From question to verdict, waiting included.", Seconds);
        _scoring = Histogram("marginnet.score.duration", "s", "A batch's pass through the model.", Seconds);
        _batches = Histogram("marginnet.batch.size", "{image}", "Images of a batch.", Sizes);
    }

    /// <summary>What spans are made by.</summary>
    public static ActivitySource Activities { get; } = new(Name);

    /// <summary>Says where to look for what only is when it is looked at.</summary>
    public void Observe(Func<int> waiting, Func<double> logMartingale)
    {
        _meter.CreateObservableUpDownCounter("marginnet.queue.length", waiting, "{image}", "Images that wait.");
        _meter.CreateObservableGauge(
            "marginnet.drift.log_martingale", logMartingale, "1", "ln of the evidence of drift in this window; alarm at -ln DriftAlpha.");
    }

    public void Decided(Verdict verdict)
    {
        var tag = new KeyValuePair<string, object?>("class", verdict.Class);
        _decisions.Add(1, tag);
        if (verdict.Flagged)
        {
            _flags.Add(1, tag);
        }

        _pValues.Record(verdict.PValue);
        _margins.Record(verdict.Margin);
    }

    public void Scored(int images, TimeSpan time)
    {
        _batches.Record(images);
        _scoring.Record(time.TotalSeconds);
    }

    public void Judged(TimeSpan time) => _judging.Record(time.TotalSeconds);

    public void Refused(int images) => _refusals.Add(images);

    public void Reloaded(bool isLoaded) => _reloads.Add(1, new KeyValuePair<string, object?>("outcome", isLoaded ? "loaded" : "refused"));

    public void Drifted() => _alarms.Add(1);

    public void Dispose() => _meter.Dispose();

    private Histogram<double> Histogram(string name, string unit, string description, double[] boundaries) => _meter.CreateHistogram(
        name, unit, description, tags: null, new InstrumentAdvice<double> { HistogramBucketBoundaries = boundaries });
}
