using System.Collections.Immutable;

namespace MarginNet.PValues;

/// <summary>A one-dimensional Gaussian mixture p(x) = Σₖ wₖ N(x; mₖ, σₖ²).</summary>
public sealed class GaussianMixture : IEquatable<GaussianMixture>
{
    private const double WeightSumTolerance = 1e-9;

    /// <summary>Makes a mixture of the given components.</summary>
    /// <param name="components">The components, at least one; their weights sum to 1 within 1e-9.</param>
    /// <exception cref="ArgumentException">
    /// There is no component, a weight is outside (0, 1], a mean is not finite, a deviation is not positive and finite,
    /// or the weights do not sum to 1.
    /// </exception>
    public GaussianMixture(params ReadOnlySpan<MixtureComponent> components)
    {
        var sum = 0.0;
        foreach (var component in components)
        {
            if (component is not { Weight: > 0 and <= 1, StandardDeviation: > 0 and < double.PositiveInfinity }
                || !double.IsFinite(component.Mean))
                throw new ArgumentException(
                    $"Expected a weight in (0, 1], a finite mean and a positive deviation, but got {component}.", nameof(components));

            sum += component.Weight;
        }

        if (!(Math.Abs(sum - 1) <= WeightSumTolerance))
            throw new ArgumentException(
                FormattableString.Invariant($"Expected weights that sum to 1, but {components.Length} components sum to {sum}."),
                nameof(components));

        Components = [.. components];
    }

    /// <summary>The components, in increasing order of their means where the mixture was fitted.</summary>
    public ImmutableArray<MixtureComponent> Components { get; }

    /// <summary>Free parameters: K means, K deviations and K − 1 weights.</summary>
    public int ParameterCount => (3 * Components.Length) - 1;

    /// <summary>Computes log p(x) = log Σₖ wₖ N(x; mₖ, σₖ²), by the log-sum-exp rule: finite wherever x is.</summary>
    /// <param name="x">The point, finite.</param>
    /// <returns>The natural logarithm of the density.</returns>
    public double LogDensity(double x)
    {
        var largest = double.NegativeInfinity;
        foreach (var component in Components)
            largest = Math.Max(largest, LogTerm(component, x));

        var sum = 0.0;
        foreach (var component in Components)
            sum += Math.Exp(LogTerm(component, x) - largest);

        return largest + Math.Log(sum);
    }

    /// <summary>Computes the lower tail P(X ≤ x) = Σₖ wₖ Φ((x − mₖ)/σₖ), to about 1e-13 relative however far the tail.</summary>
    /// <param name="x">The point; an infinity gives exactly 0 or 1.</param>
    /// <returns>A probability in [0, 1].</returns>
    public double LowerTail(double x)
    {
        var sum = 0.0;
        foreach (var (weight, mean, deviation) in Components)
            sum += weight * Normal.LowerTail((x - mean) / deviation);

        return Math.Min(sum, 1);
    }

    /// <summary>Computes the upper tail P(X ≥ x) = Σₖ wₖ (1 − Φ((x − mₖ)/σₖ)), to about 1e-13 relative however far the tail.</summary>
    /// <param name="x">The point; an infinity gives exactly 1 or 0.</param>
    /// <returns>A probability in [0, 1].</returns>
    public double UpperTail(double x)
    {
        var sum = 0.0;
        foreach (var (weight, mean, deviation) in Components)
            sum += weight * Normal.LowerTail((mean - x) / deviation);

        return Math.Min(sum, 1);
    }

    /// <summary>Computes log L = Σᵢ log p(xᵢ).</summary>
    /// <param name="values">The sample x, shape [N], finite.</param>
    /// <returns>The natural logarithm of the likelihood; 0 for an empty sample.</returns>
    public double LogLikelihood(ReadOnlySpan<double> values)
    {
        var sum = 0.0;
        foreach (var value in values)
            sum += LogDensity(value);

        return sum;
    }

    /// <summary>Computes the Bayesian information criterion −2 log L + (3K − 1) log N; the smaller, the better.</summary>
    /// <param name="values">The sample, shape [N] with N ≥ 1, finite.</param>
    /// <returns>The criterion.</returns>
    /// <exception cref="ArgumentException"><paramref name="values"/> is empty.</exception>
    public double Bic(ReadOnlySpan<double> values)
    {
        if (values.IsEmpty)
            throw new ArgumentException("Expected at least one value, but got none.", nameof(values));

        return Bic(LogLikelihood(values), values.Length);
    }

    /// <inheritdoc/>
    public bool Equals(GaussianMixture? other) => other is not null && Components.AsSpan().SequenceEqual(other.Components.AsSpan());

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as GaussianMixture);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Components.Length, Components[0]);

    /// <inheritdoc/>
    public override string ToString() =>
        string.Join(" + ", Components.Select(c => FormattableString.Invariant($"{c.Weight:G4} N({c.Mean:G4}, {c.StandardDeviation:G4}²)")));

    /// <summary>Draws a number.</summary>
    internal double Draw(Random random)
    {
        var (remaining, k) = (random.NextDouble(), 0);
        while (k < Components.Length - 1 && (remaining -= Components[k].Weight) > 0)
            k++;

        var normal = Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
        return Components[k].Mean + (Components[k].StandardDeviation * normal);
    }

    internal double Bic(double logLikelihood, int sampleCount) => (-2 * logLikelihood) + (ParameterCount * Math.Log(sampleCount));

    private static double LogTerm(MixtureComponent component, double x)
    {
        var z = (x - component.Mean) / component.StandardDeviation;
        return Math.Log(component.Weight / component.StandardDeviation) - Normal.HalfLogTwoPi - (0.5 * z * z);
    }
}
