using System.Numerics.Tensors;

namespace MarginNet.PValues;

/// <summary>Where EM starts from: groups of neighbouring cells, and components split in two.</summary>
internal static class MixtureStarts
{
    private const double SmallestVariance = 1e-3; // of a start, the data's variance being 1

    /// <summary>K groups of equally many values.</summary>
    public static MixtureParameters Quantiles(MixtureSample cells, int order)
    {
        var bounds = new int[order - 1];
        var (cumulative, group) = (0.0, 0);
        for (var i = 0; i < cells.Length && group < bounds.Length; i++)
        {
            cumulative += cells.Weights[i];
            while (group < bounds.Length && cumulative >= (double)(group + 1) * cells.Count / order)
                bounds[group++] = i + 1;
        }

        return FromGroups(cells, bounds);
    }

    /// <summary>The groups nearest to K values drawn by k-means++: each with probability in proportion to its squared
    /// distance from those drawn before.</summary>
    public static MixtureParameters KMeansPlusPlus(MixtureSample cells, int order, Random random)
    {
        var distances = cells.Weights.ToArray();
        var centers = new double[order];
        for (var k = 0; k < order; k++)
        {
            var center = cells.Values[Draw(distances, random)];
            centers[k] = center;
            for (var i = 0; i < distances.Length; i++)
            {
                var squared = cells.Weights[i] * (cells.Values[i] - center) * (cells.Values[i] - center);
                distances[i] = k == 0 ? squared : Math.Min(distances[i], squared);
            }
        }

        centers.AsSpan().Sort();
        var bounds = new int[order - 1];
        for (var k = 0; k < bounds.Length; k++)
        {
            var bound = cells.Values.BinarySearch(0.5 * (centers[k] + centers[k + 1]));
            bounds[k] = bound < 0 ? ~bound : bound;
        }

        return FromGroups(cells, bounds);
    }

    /// <summary>Component <paramref name="k"/> split in two narrower ones side by side.</summary>
    public static MixtureParameters SplitAside(MixtureParameters parameters, int k) =>
        Split(parameters, k, offset: 0.5, narrow: 0.7, wide: 0.7);

    /// <summary>Component <paramref name="k"/> split in a narrow and a wide one about the same mean.</summary>
    public static MixtureParameters SplitAbout(MixtureParameters parameters, int k) =>
        Split(parameters, k, offset: 0, narrow: 0.5, wide: 1.5);

    private static MixtureParameters Split(MixtureParameters parameters, int k, double offset, double narrow, double wide)
    {
        var order = parameters.Order;
        var split = new MixtureParameters(order + 1);
        parameters.LogWeights.CopyTo(split.LogWeights);
        parameters.Means.CopyTo(split.Means);
        parameters.LogDeviations.CopyTo(split.LogDeviations);

        var deviation = Math.Exp(parameters.LogDeviations[k]);
        split.LogWeights[k] = split.LogWeights[order] = parameters.LogWeights[k] - Math.Log(2);
        split.Means[k] = parameters.Means[k] - (offset * deviation);
        split.Means[order] = parameters.Means[k] + (offset * deviation);
        split.LogDeviations[k] = parameters.LogDeviations[k] + Math.Log(narrow);
        split.LogDeviations[order] = parameters.LogDeviations[k] + Math.Log(wide);
        return split;
    }

    private static int Draw(ReadOnlySpan<double> weights, Random random)
    {
        var remaining = random.NextDouble() * TensorPrimitives.Sum(weights);
        for (var i = 0; i < weights.Length - 1; i++)
        {
            remaining -= weights[i];
            if (remaining < 0)
                return i;
        }

        return weights.Length - 1;
    }

    private static MixtureParameters FromGroups(MixtureSample cells, ReadOnlySpan<int> bounds)
    {
        var start = new MixtureParameters(bounds.Length + 1);
        for (var k = 0; k < start.Order; k++)
        {
            var first = k == 0 ? 0 : bounds[k - 1];
            var end = k == bounds.Length ? cells.Length : bounds[k];
            if (first == end)
                (first, end) = (Math.Min(first, cells.Length - 1), Math.Min(first, cells.Length - 1) + 1);

            var values = cells.Values[first..end];
            var weights = cells.Weights[first..end];
            var weight = TensorPrimitives.Sum(weights);
            var mean = TensorPrimitives.Dot(values, weights) / weight;
            var variance = TensorPrimitives.Dot(cells.Spreads[first..end], weights) / weight;
            for (var i = 0; i < values.Length; i++)
                variance += weights[i] * (values[i] - mean) * (values[i] - mean) / weight;

            start.Set(k, weight, mean, Math.Max(variance, SmallestVariance));
        }

        return start;
    }
}
