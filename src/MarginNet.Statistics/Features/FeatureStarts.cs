using System.Numerics.Tensors;

namespace MarginNet.Features;

/// <summary>Where EM starts from: groups by k-means, of features that are divided by their deviations.</summary>
internal static class FeatureStarts
{
    private const int Rounds = 10;

    /// <summary>The group of each sample, in [0, K), by the tightest of several starts.</summary>
    public static int[] KMeans(FeatureSample sample, int order, int starts, int seed)
    {
        var groups = new int[sample.Count];
        if (order == 1)
            return groups;

        var scale = new DiagonalCovariance([.. sample.Variances.Select(variance => variance + sample.Floor)]);
        var (random, least) = (new Random(seed), double.PositiveInfinity);
        for (var start = 0; start < starts; start++)
        {
            var (own, spread) = KMeansOnce(sample, order, scale, random);
            (groups, least) = spread < least ? (own, spread) : (groups, least);
        }

        return groups;
    }

    private static (int[] Groups, double Spread) KMeansOnce(FeatureSample sample, int order, DiagonalCovariance scale, Random random)
    {
        var (buffer, groups, spread) = (new double[sample.Dimension], new int[sample.Count], 0.0);
        var centers = PlusPlus(sample, order, scale, random);
        for (var round = 0; round < Rounds; round++)
        {
            spread = 0;
            var (sums, counts) = (Enumerable.Range(0, order).Select(_ => new double[sample.Dimension]).ToArray(), new int[order]);
            for (var i = 0; i < sample.Count; i++)
            {
                var (nearest, distance) = (0, double.PositiveInfinity);
                for (var k = 0; k < order; k++)
                    if (scale.SquaredDistance(sample.Features.Row(i), centers[k], buffer) is var own && own < distance)
                        (nearest, distance) = (k, own);

                (groups[i], counts[nearest]) = (nearest, counts[nearest] + 1);
                spread += distance;
                TensorPrimitives.Add(sums[nearest], sample.Features.Row(i), sums[nearest]);
            }

            for (var k = 0; k < order; k++)
                centers[k] = counts[k] == 0 ? centers[k] : [.. sums[k].Select(sum => sum / counts[k])];
        }

        return (groups, spread);
    }

    /// <summary>Samples drawn as centres: each with probability in proportion to its squared distance from those drawn before.</summary>
    private static double[][] PlusPlus(FeatureSample sample, int order, DiagonalCovariance scale, Random random)
    {
        var (centers, distances, buffer) = (new double[order][], new double[sample.Count], new double[sample.Dimension]);
        Array.Fill(distances, 1);
        for (var k = 0; k < order; k++)
        {
            var (drawn, remaining) = (0, random.NextDouble() * distances.Sum());
            while (drawn < sample.Count - 1 && (remaining -= distances[drawn]) >= 0)
                drawn++;

            centers[k] = sample.Features.Row(drawn).ToArray();
            for (var i = 0; i < sample.Count; i++)
            {
                var own = scale.SquaredDistance(sample.Features.Row(i), centers[k], buffer);
                distances[i] = k == 0 ? own : Math.Min(distances[i], own);
            }
        }

        return centers;
    }
}
