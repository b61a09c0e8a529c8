using System.Collections.Immutable;

namespace MarginNet.Features;

/// <summary>A Gaussian mixture p(z) = Σₖ wₖ N(z; mₖ, Σₖ) of vectors of features.</summary>
public sealed class FeatureMixture
{
    private const double LogTwoPi = 1.8378770664093454836;

    private readonly double[][] _means;
    private readonly IComponentCovariance[] _covariances;
    private readonly double[] _constants; // log wₖ − (D log 2π + log det Σₖ)/2

    internal FeatureMixture(CovarianceForm form, double[] weights, double[][] means, IComponentCovariance[] covariances)
    {
        (Form, Weights, _means, _covariances) = (form, [.. weights], means, covariances);
        _constants = [.. weights.Select((weight, k) =>
            Math.Log(weight) - (((Dimension * LogTwoPi) + covariances[k].LogDeterminant) / 2))];
    }

    /// <summary>How free the covariances are.</summary>
    public CovarianceForm Form { get; }

    /// <summary>The weights wₖ, shape [K], which sum to 1.</summary>
    public ImmutableArray<double> Weights { get; }

    /// <summary>The means mₖ, shape [K, D].</summary>
    public ImmutableArray<ImmutableArray<double>> Means => [.. _means.Select(mean => mean.ToImmutableArray())];

    /// <summary>The number of components K.</summary>
    public int Order => Weights.Length;

    /// <summary>The number of features D.</summary>
    public int Dimension => _means[0].Length;

    /// <summary>Free parameters: K − 1 weights, K D means, and the covariances of the form.</summary>
    public int ParameterCount => CountParameters(Form, Order, Dimension);

    /// <summary>Fits mixtures of K = 1, 2, … components with covariances of each form, and keeps the one with the smallest
    /// −2 log L + P log N, P being its free parameters. One with more parameters than half of the numbers in the sample is not
    /// tried.</summary>
    /// <param name="features">The sample z, shape [N, D] with N ≥ 2, finite. Time goes with N D² for Tied and Full, and with N D for
    /// the others.</param>
    /// <param name="options">How to fit, or null for the defaults.</param>
    /// <param name="cancellation">Stops between iterations.</param>
    /// <returns>The chosen mixture, the same for any number of threads.</returns>
    /// <exception cref="ArgumentException">The sample is empty, does not vary or is too small for every form, holds a NaN or an
    /// infinity, or
    /// an option is out of range.</exception>
    /// <exception cref="OperationCanceledException">Asked to stop.</exception>
    public static FeatureMixtureFit Fit(
        Arrays.NumericArray features, FeatureMixtureOptions? options = null, CancellationToken cancellation = default) =>
        FeatureMixtureFitter.Fit(features, options ?? new FeatureMixtureOptions(), cancellation);

    /// <summary>Computes log p(z), by the log-sum-exp rule.</summary>
    /// <param name="features">The features z, shape [D], finite.</param>
    /// <returns>The natural logarithm of the density.</returns>
    /// <exception cref="ArgumentException">There are not D features.</exception>
    public double LogDensity(ReadOnlySpan<double> features)
    {
        FeatureArrays.ThrowIfOtherDimension(features, Dimension);
        var (terms, buffer) = (new double[Order], new double[Dimension]);
        return LogTerms(features, terms, buffer);
    }

    /// <summary>Computes log wₖ N(z; mₖ, Σₖ) of every component, and the logarithm of their sum.</summary>
    internal double LogTerms(ReadOnlySpan<double> features, Span<double> terms, Span<double> buffer)
    {
        var largest = double.NegativeInfinity;
        for (var k = 0; k < terms.Length; k++)
        {
            terms[k] = _constants[k] - (_covariances[k].SquaredDistance(features, _means[k], buffer) / 2);
            largest = Math.Max(largest, terms[k]);
        }

        var sum = 0.0;
        foreach (var term in terms)
            sum += Math.Exp(term - largest);

        return largest + Math.Log(sum);
    }

    internal double TraceOfInverse(int component) => _covariances[component].TraceOfInverse();

    internal static int CountParameters(CovarianceForm form, int order, int dimension) => order - 1 + (order * dimension) + form switch
    {
        CovarianceForm.Spherical => order,
        CovarianceForm.TiedDiagonal => dimension,
        CovarianceForm.Diagonal => order * dimension,
        CovarianceForm.Tied => dimension * (dimension + 1) / 2,
        _ => order * dimension * (dimension + 1) / 2,
    };
}
