using BenchmarkDotNet.Attributes;
using MarginNet.PValues;

namespace MarginNet.Benchmarks;

/// <summary>Mixtures of 1 to 10 components, the order chosen by BIC.</summary>
[MemoryDiagnoser]
public class MixtureFitting
{
    private double[] _values = [];

    [Params(5_000, 50_000, 500_000, 10_000_000)]
    public int Count { get; set; }

    [GlobalSetup]
    public void Draw() => _values = LogMargins.Draw(Count, seed: 7);

    [Benchmark]
    public GaussianMixtureFit Fit() => GaussianMixtureFitter.Fit(_values);
}
