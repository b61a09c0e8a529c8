using BenchmarkDotNet.Attributes;
using MarginNet.Detection;

namespace MarginNet.Benchmarks;

/// <summary>Metrics of 10,000 typical and 10,000 atypical scores.</summary>
public class Detection
{
    private readonly double[] _typical = LogMargins.Draw(10_000, seed: 1);
    private readonly double[] _atypical = [.. LogMargins.Draw(10_000, seed: 2).Select(x => x - 0.5)];

    [Benchmark]
    public DetectionMetrics Metrics() => DetectionMetrics.Compute(_typical, _atypical);

    [Benchmark]
    public DetectionReport A_thousand_resamples() => DetectionReport.Compute(_typical, _atypical);
}
