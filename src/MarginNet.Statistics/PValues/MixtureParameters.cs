using System.Numerics.Tensors;

namespace MarginNet.PValues;

/// <summary>The parameters of a K-component mixture in coordinates that extrapolate well: log wₖ, mₖ and log σₖ.</summary>
internal sealed class MixtureParameters(int order)
{
    private readonly double[] _coordinates = new double[3 * order];

    public int Order => order;

    public Span<double> Coordinates => _coordinates;

    public Span<double> LogWeights => _coordinates.AsSpan(0, order);

    public Span<double> Means => _coordinates.AsSpan(order, order);

    public Span<double> LogDeviations => _coordinates.AsSpan(2 * order, order);

    /// <summary>A mixture's parameters for data of the given centre and scale.</summary>
    public static MixtureParameters Of(GaussianMixture mixture, double center, double scale)
    {
        var parameters = new MixtureParameters(mixture.Components.Length);
        for (var k = 0; k < parameters.Order; k++)
        {
            var (weight, mean, deviation) = mixture.Components[k];
            parameters.Set(k, weight, (mean - center) / scale, deviation * deviation / (scale * scale));
        }

        return parameters;
    }

    /// <summary>Brings the parameters back to weights that sum to one and variances at or above the floor.</summary>
    public void Constrain(double varianceFloor)
    {
        var sum = 0.0;
        foreach (var logWeight in LogWeights)
            sum += Math.Exp(logWeight);

        TensorPrimitives.Subtract(LogWeights, Math.Log(sum), LogWeights);
        TensorPrimitives.Max(LogDeviations, 0.5 * Math.Log(varianceFloor), LogDeviations);
    }

    /// <summary>Sets component <paramref name="k"/>; <see cref="Constrain"/> takes weights that do not yet sum to one.</summary>
    public void Set(int k, double weight, double mean, double variance) =>
        (LogWeights[k], Means[k], LogDeviations[k]) = (Math.Log(weight), mean, 0.5 * Math.Log(variance));

    /// <summary>The parameters a step further, brought back to where they are valid.</summary>
    public MixtureParameters Add(ReadOnlySpan<double> step, double varianceFloor)
    {
        var sum = new MixtureParameters(order);
        TensorPrimitives.Add(Coordinates, step, sum.Coordinates);
        sum.Constrain(varianceFloor);
        return sum;
    }

    /// <summary>The mixture in the coordinates of the data, components by increasing mean.</summary>
    public GaussianMixture ToMixture(double center, double scale)
    {
        var components = new MixtureComponent[order];
        var sum = 0.0;
        for (var k = 0; k < order; k++)
        {
            components[k] = new MixtureComponent(Math.Exp(LogWeights[k]), center + (scale * Means[k]), scale * Math.Exp(LogDeviations[k]));
            sum += components[k].Weight;
        }

        return new GaussianMixture(
            [.. components.Select(c => c with { Weight = c.Weight / sum }).OrderBy(c => c.Mean).ThenBy(c => c.StandardDeviation)]);
    }
}
