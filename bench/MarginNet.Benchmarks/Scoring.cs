using BenchmarkDotNet.Attributes;
using MarginNet.PValues;

namespace MarginNet.Benchmarks;

/// <summary>p-values of single margins and of a million, from ten classes calibrated on 5,000 samples each.</summary>
[MemoryDiagnoser]
public class Scoring
{
    private const int Classes = 10;
    private readonly double[] _margins = [.. LogMargins.Draw(1_000_000, seed: 8).Select(Math.Exp)];
    private readonly int[] _predicted = [.. Enumerable.Range(0, 1_000_000).Select(i => i * 7 % Classes)];
    private readonly MarginPValue[] _scores = new MarginPValue[1_000_000];
    private readonly MarginNullModel _model = Calibrate();

    [Benchmark]
    public MarginPValue One_margin() => _model.Score(5.5, 3);

    [Benchmark]
    public void A_million_margins() => _model.Score(_margins, _predicted, _scores);

    [Benchmark]
    public void A_million_margins_error_weighted() => _model.Score(_margins, _predicted, _scores, NullKind.ErrorWeighted);

    private static MarginNullModel Calibrate()
    {
        int[] labels = [.. Enumerable.Range(0, 50_000).Select(i => i % Classes)];
        return MarginNullModel.Fit([.. LogMargins.Draw(50_000, seed: 7).Select(Math.Exp)], labels, labels, Classes);
    }
}
