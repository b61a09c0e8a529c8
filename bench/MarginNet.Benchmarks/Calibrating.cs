using BenchmarkDotNet.Attributes;
using MarginNet.PValues;

namespace MarginNet.Benchmarks;

/// <summary>
/// Null models of ten classes: mixtures of each and of all together, and tests of their fit, which are short where the mixture is right, as of these log-margins,
/// and take all their draws where none is, as of margins on a lattice.
/// </summary>
public class Calibrating
{
    private const int Classes = 10;
    private double[] _margins = [];
    private int[] _classes = [];

    [Params(5_000, 100_000, 1_000_000)]
    public int Count { get; set; }

    [Params(true, false)]
    public bool Is_a_mixture { get; set; }

    [GlobalSetup]
    public void Draw()
    {
        _margins = [.. LogMargins.Draw(Count, seed: 7).Select(Math.Exp)];
        _classes = [.. Enumerable.Range(0, Count).Select(i => i % Classes)];
        if (!Is_a_mixture)
            _margins = Array.ConvertAll(_margins, margin => (1 + Math.Floor(margin)) / 2);
    }

    [Benchmark]
    public MarginNullModel Fit() => MarginNullModel.Fit(_margins, _classes, _classes, Classes);
}
