namespace MarginNet.Benchmarks;

/// <summary>Samples of a mixture as log-margins have it: 0.6 N(2.3, 0.25²) + 0.3 N(1.4, 0.5²) + 0.1 N(−0.5, 0.9²).</summary>
internal static class LogMargins
{
    private static readonly (double Share, double Mean, double Deviation)[] Components =
    [
        (0.6, 2.3, 0.25), (0.9, 1.4, 0.5), (1, -0.5, 0.9),
    ];

    public static double[] Draw(int count, int seed)
    {
        var random = new Random(seed);
        var values = new double[count];
        for (var i = 0; i < count; i++)
        {
            var u = random.NextDouble();
            var (_, mean, deviation) = Components.First(component => u < component.Share);
            var normal = Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
            values[i] = mean + (deviation * normal);
        }

        return values;
    }
}
