using MarginNet.Detection;

namespace MarginNet.Levels;

/// <summary>How often fresh right decisions, and shrunken ones, have a p-value at or below each level.</summary>
internal sealed class Simulation
{
    public static readonly double[] Levels = [0.05, 0.01, 0.001];
    private const int FreshPerClass = 200;
    private const double Shrunken = 0.1; // the factor of the margins to be found

    private readonly PValueKind[] _kinds;

    public Simulation(Shape shape, int count, PValueKind[] kinds, int replications, int seed)
    {
        _kinds = kinds;
        False = [.. kinds.Select(_ => Levels.Select(_ => new Rate()).ToArray())];
        True = [.. kinds.Select(_ => Levels.Select(_ => new Rate()).ToArray())];
        Auroc = [.. kinds.Select(_ => new Rate())];
        var results = new (double[] Fresh, double[] Small)[replications][];
        Parallel.For(0, replications, r => results[r] = Replicate(shape, count, new Random(unchecked((seed * 1_000_003) + r))));
        foreach (var result in results)
        {
            for (var k = 0; k < kinds.Length; k++)
            {
                var (fresh, small) = result[k];
                Auroc[k].Add(DetectionMetrics.Compute(fresh, small).Auroc);
                for (var a = 0; a < Levels.Length; a++)
                {
                    False[k][a].Add(fresh.Count(p => p <= Levels[a]) / (double)fresh.Length);
                    True[k][a].Add(small.Count(p => p <= Levels[a]) / (double)small.Length);
                }
            }
        }
    }

    /// <summary>By kind and level, of fresh right decisions.</summary>
    public Rate[][] False { get; }

    /// <summary>By kind and level, of shrunken margins.</summary>
    public Rate[][] True { get; }

    /// <summary>By kind, fresh from shrunken margins.</summary>
    public Rate[] Auroc { get; }

    private (double[] Fresh, double[] Small)[] Replicate(Shape shape, int count, Random random)
    {
        var calibration = new Calibration(shape, count, random);
        var fresh = Enumerable.Range(0, Calibration.Classes * FreshPerClass)
            .Select(i => shape.Draw(random) * Calibration.Scale(i % Calibration.Classes))
            .ToArray();
        return [.. _kinds.Select(kind => (Score(kind, 1), Score(kind, Shrunken)))];

        double[] Score(PValueKind kind, double factor) =>
            [.. fresh.Select((margin, i) => kind.Compute(calibration, factor * margin, i % Calibration.Classes))];
    }
}
