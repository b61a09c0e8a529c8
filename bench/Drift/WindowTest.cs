namespace MarginNet.DriftBench;

/// <summary>The two-sample test of Kolmogorov and Smirnov of windows that follow each other against the reference, as drift detectors
/// commonly do.</summary>
internal sealed class WindowTest
{
    private readonly double[] _reference;
    private readonly double[] _window;
    private readonly double _level;
    private int _count;

    public WindowTest(double[] reference, int size, double level)
    {
        (_reference, _window, _level) = ([.. reference.Order()], new double[size], level);
    }

    /// <summary>Takes a number; whether it fills a window that differs.</summary>
    public bool Add(double x)
    {
        _window[_count++] = x;
        if (_count < _window.Length)
        {
            return false;
        }

        _count = 0;
        return PValue(_reference, [.. _window.Order()]) <= _level;
    }

    /// <summary>By Kolmogorov's limit with Stephens' correction.</summary>
    private static double PValue(double[] a, double[] b)
    {
        var (i, j, distance) = (0, 0, 0.0);
        while (i < a.Length && j < b.Length)
        {
            var x = Math.Min(a[i], b[j]);
            while (i < a.Length && a[i] == x)
            {
                i++;
            }

            while (j < b.Length && b[j] == x)
            {
                j++;
            }

            distance = Math.Max(distance, Math.Abs(((double)i / a.Length) - ((double)j / b.Length)));
        }

        var root = Math.Sqrt((double)a.Length * b.Length / (a.Length + b.Length));
        var lambda = (root + 0.12 + (0.11 / root)) * distance;
        var p = lambda < 0.3 ? 1.0 : 2 * Enumerable.Range(1, 20).Sum(k => (k % 2 == 1 ? 1 : -1) * Math.Exp(-2 * k * k * lambda * lambda));
        return Math.Clamp(p, 0, 1);
    }
}
