using System.Numerics.Tensors;

namespace MarginNet.Features;

/// <summary>
/// EM on one form and order. The floor ε of variances is that of a sample blurred by N(0, ε I): its expected log-densities,
/// those of the samples less ε tr(Σ⁻¹)/2, are what an iteration never lowers, and M-steps add ε to every variance by themselves.
/// </summary>
internal sealed class FeatureMixtureRun
{
    private const double LeastCount = 1; // of samples that a component holds

    private readonly FeatureSample _sample;
    private readonly double[][] _shares; // of each component, in each sample

    private FeatureMixtureRun(FeatureSample sample, double[][] shares, FeatureMixture mixture) =>
        (_sample, _shares, Mixture) = (sample, shares, mixture);

    /// <summary>Where it is.</summary>
    public FeatureMixture Mixture { get; private set; }

    /// <summary>Starts from groups of samples; null where one is empty.</summary>
    public static FeatureMixtureRun? Start(FeatureSample sample, CovarianceForm form, int[] groups, int order)
    {
        var shares = Enumerable.Range(0, order).Select(k => Array.ConvertAll(groups, group => group == k ? 1.0 : 0)).ToArray();
        return Maximize(sample, form, shares) is { } mixture ? new(sample, shares, mixture) : null;
    }

    /// <summary>Goes on until an iteration gains nothing.</summary>
    /// <returns>The fit; null where a component ran empty.</returns>
    public FeatureMixtureFit? ToEnd(FeatureMixtureOptions options, CancellationToken cancellation)
    {
        var (last, iterations, hasConverged) = (double.NegativeInfinity, 0, false);
        while (iterations < options.MaxIterations && !hasConverged)
        {
            cancellation.ThrowIfCancellationRequested();
            var likelihood = Expect();
            hasConverged = likelihood - last <= options.Tolerance * _sample.Count;
            if (!hasConverged && !TryMaximize())
                return null;

            (last, iterations) = (likelihood, iterations + 1);
        }

        var (terms, buffer, sum) = (new double[Mixture.Order], new double[_sample.Dimension], 0.0);
        for (var i = 0; i < _sample.Count; i++)
            sum += Mixture.LogTerms(_sample.Features.Row(i), terms, buffer);

        return new(Mixture, _sample.Count, sum, hasConverged, iterations);
    }

    /// <summary>Computes the shares of the components in each sample.</summary>
    /// <returns>The log-likelihood of the blurred sample, before a step.</returns>
    public double Expect()
    {
        var (terms, buffer, sum) = (new double[Mixture.Order], new double[_sample.Dimension], 0.0);
        double[] blurs = [.. Enumerable.Range(0, terms.Length).Select(k => _sample.Floor * Mixture.TraceOfInverse(k) / 2)];
        for (var i = 0; i < _sample.Count; i++)
        {
            Mixture.LogTerms(_sample.Features.Row(i), terms, buffer);
            TensorPrimitives.Subtract(terms, blurs, terms);
            var largest = TensorPrimitives.Max<double>(terms);
            var total = 0.0;
            for (var k = 0; k < terms.Length; k++)
                total += _shares[k][i] = Math.Exp(terms[k] - largest);

            for (var k = 0; k < terms.Length; k++)
                _shares[k][i] /= total;

            sum += largest + Math.Log(total);
        }

        return sum;
    }

    /// <summary>Moves to the mixture of most likelihood for the shares, if none of its components is empty.</summary>
    public bool TryMaximize()
    {
        if (Maximize(_sample, Mixture.Form, _shares) is not { } next)
            return false;

        Mixture = next;
        return true;
    }

    private static FeatureMixture? Maximize(FeatureSample sample, CovarianceForm form, double[][] shares)
    {
        var counts = Array.ConvertAll(shares, own => TensorPrimitives.Sum<double>(own));
        if (counts.Any(count => count < LeastCount))
            return null;

        var means = shares.Select((own, k) => Mean(sample, own, counts[k])).ToArray();
        double[] weights = Array.ConvertAll(counts, count => count / sample.Count);
        return new(form, weights, means, form switch
        {
            CovarianceForm.Tied => Shared(Full(Scatter(full: true))),
            CovarianceForm.Full => [.. Enumerable.Range(0, counts.Length).Select(k => Full(Scatter(full: true, k)))],
            CovarianceForm.TiedDiagonal => Shared(new DiagonalCovariance(Floored(Scatter(full: false)))),
            CovarianceForm.Diagonal =>
                [.. Enumerable.Range(0, counts.Length).Select(k => new DiagonalCovariance(Floored(Scatter(full: false, k))))],
            _ => [.. Enumerable.Range(0, counts.Length).Select(k => Spherical(Scatter(full: false, k)))],
        });

        IComponentCovariance[] Shared(IComponentCovariance covariance) => [.. counts.Select(_ => covariance)];

        // The scatter of one component, or of all, over its count; the diagonal alone or the whole matrix.
        double[] Scatter(bool full, int? only = null)
        {
            var (scatter, buffer) = (new double[sample.Dimension * (full ? sample.Dimension : 1)], new double[sample.Dimension]);
            var count = only is { } one ? counts[one] : sample.Count;
            for (var k = only ?? 0; k <= (only ?? (shares.Length - 1)); k++)
                for (var i = 0; i < sample.Count; i++)
                    if (full)
                        FeatureArrays.AddOuterProduct(scatter, sample.Features.Row(i), means[k], shares[k][i] / count, buffer);
                    else
                        AddSquares(scatter, sample.Features.Row(i), means[k], shares[k][i] / count, buffer);

            return scatter;
        }

        double[] Floored(double[] variances) => Array.ConvertAll(variances, variance => variance + sample.Floor);

        DiagonalCovariance Spherical(double[] variances)
        {
            var own = new double[variances.Length];
            Array.Fill(own, variances.Average() + sample.Floor);
            return new(own);
        }

        CovarianceFactor Full(double[] covariance)
        {
            for (var i = 0; i < sample.Dimension; i++)
                covariance[(i * sample.Dimension) + i] += sample.Floor;

            return CovarianceFactor.Of(covariance, sample.Dimension);
        }
    }

    private static double[] Mean(FeatureSample sample, double[] shares, double count)
    {
        var mean = new double[sample.Dimension];
        for (var i = 0; i < shares.Length; i++)
            TensorPrimitives.MultiplyAdd(sample.Features.Row(i), shares[i] / count, mean, mean);

        return mean;
    }

    private static void AddSquares(
        double[] squares, ReadOnlySpan<double> x, ReadOnlySpan<double> mean, double weight, double[] buffer)
    {
        TensorPrimitives.Subtract(x, mean, buffer);
        TensorPrimitives.Multiply(buffer, buffer, buffer);
        TensorPrimitives.MultiplyAdd(buffer, weight, squares, squares);
    }
}
