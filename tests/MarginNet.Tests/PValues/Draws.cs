using MarginNet.PValues;

namespace MarginNet.Tests.PValues;

/// <summary>Seeded samples from known distributions.</summary>
internal static class Draws
{
    public static double Normal(this Random random) =>
        Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());

    public static double[] From(GaussianMixture mixture, int count, int seed)
    {
        var random = new Random(seed);
        var values = new double[count];
        for (var i = 0; i < count; i++)
        {
            var remaining = random.NextDouble();
            var k = 0;
            while (k < mixture.Components.Length - 1 && (remaining -= mixture.Components[k].Weight) > 0)
                k++;

            values[i] = mixture.Components[k].Mean + (mixture.Components[k].StandardDeviation * random.Normal());
        }

        return values;
    }
}
