using MarginNet.Drift;

namespace MarginNet.Serving;

/// <summary>
/// Watches p-values for drift in bounded memory: the first W are kept, and each W that follow are ranked among them and one another by a
/// martingale of their own, which under exchangeability raises an alarm in a window with a probability of at most α.
/// </summary>
internal sealed class DriftWatch(double alpha, int window)
{
    private double[]? _reference;
    private readonly List<double> _first = [];
    private DriftMonitor? _monitor;
    private int _windows;

    /// <summary>ln S of the window that runs; 0 before there is one.</summary>
    public double LogMartingale => Volatile.Read(ref _monitor)?.LogMartingale ?? 0;

    /// <summary>Whether there was an alarm, ever.</summary>
    public bool HasAlarmed { get; private set; }

    /// <summary>Takes the next p-value.</summary>
    /// <returns>Whether it raises an alarm.</returns>
    public bool Add(double p)
    {
        if (alpha == 0)
        {
            return false;
        }

        if (_reference is null)
        {
            _first.Add(p);
            _reference = _first.Count == window ? [.. _first] : null;
            return false;
        }

        if (_monitor is null || _monitor.Count == window)
        {
            Volatile.Write(ref _monitor, new(new() { Threshold = 1 / alpha, Seed = _windows++ }, _reference));
        }

        var isAlarm = _monitor.Add(p).IsAlarm;
        HasAlarmed |= isAlarm;
        return isAlarm;
    }
}
