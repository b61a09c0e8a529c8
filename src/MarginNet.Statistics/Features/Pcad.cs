using System.Collections.Immutable;
using MarginNet.Arrays;

namespace MarginNet.Features;

/// <summary>
/// Anomalies by mixtures of features, after PCAD (Miller, Qiu and Kesidis 2018): of each class a Gaussian mixture whose order, and how
/// parsimonious its
/// covariances are, the Bayesian information criterion chooses. The score of a sample is its log-likelihood under the mixture of the
/// decided
/// class; ranked among those of right decisions that were not fitted to (<see cref="PValues.EmpiricalNull"/>) it becomes a p-value.
/// </summary>
public sealed class Pcad
{
    private Pcad(ImmutableArray<FeatureMixtureFit> classes) => Classes = classes;

    /// <summary>The mixture of every class, by class index.</summary>
    public ImmutableArray<FeatureMixtureFit> Classes { get; }

    /// <summary>The number of features D.</summary>
    public int Dimension => Classes[0].Mixture.Dimension;

    /// <summary>Fits a mixture to the samples of each class.</summary>
    /// <param name="features">Features z of training samples, shape [N, D], finite.</param>
    /// <param name="labels">Their true classes, shape [N], each in [0, C).</param>
    /// <param name="classCount">The number of classes C, at least 1.</param>
    /// <param name="options">How to fit, or null for the defaults.</param>
    /// <param name="cancellation">Stops between iterations.</param>
    /// <returns>The fitted score, the same for any number of threads.</returns>
    /// <exception cref="ArgumentException">A number is not finite or out of range, there is not one label for each sample, or a class
    /// has too few
    /// samples or equal ones.</exception>
    /// <exception cref="OperationCanceledException">Asked to stop.</exception>
    public static Pcad Fit(
        NumericArray features, ReadOnlySpan<int> labels, int classCount, FeatureMixtureOptions? options = null,
        CancellationToken cancellation = default)
    {
        FeatureArrays.ThrowIfInvalid(features, nameof(features));
        FeatureArrays.ThrowIfOtherLabels(features, labels, classCount);
        options ??= new FeatureMixtureOptions();
        options.Validate();
        var classes = new NumericArray[classCount];
        for (var c = 0; c < classCount; c++)
        {
            var (values, count) = (new List<double>(), 0);
            for (var i = 0; i < labels.Length; i++)
            {
                if (labels[i] != c)
                    continue;

                values.AddRange(features.Row(i));
                count++;
            }

            if (count < 2)
                throw new ArgumentException($"Expected at least 2 samples of each class, but class {c} has {count}.", nameof(labels));

            classes[c] = new(values.ToArray(), count, features.Columns, IsVector: false);
        }

        var (fits, failures) = (new FeatureMixtureFit[classCount], new ArgumentException?[classCount]);
        Parallel.For(0, classCount, new() { CancellationToken = cancellation }, c =>
        {
            try
            {
                fits[c] = FeatureMixture.Fit(classes[c], options, cancellation);
            }
            catch (ArgumentException e)
            {
                failures[c] = e;
            }
        });
        var failed = Array.FindIndex(failures, failure => failure is not null);
        return failed < 0
            ? new Pcad([.. fits])
            : throw new ArgumentException($"Class {failed}: {failures[failed]!.Message}", nameof(features), failures[failed]);
    }

    /// <summary>Computes log p(z) under the mixture of a class, larger for typical samples.</summary>
    /// <param name="features">Features z of one sample, shape [D], finite.</param>
    /// <param name="decidedClass">The decided class, in [0, C).</param>
    /// <returns>The natural logarithm of the density.</returns>
    /// <exception cref="ArgumentException">There are not D features, or there is no such class.</exception>
    public double Score(ReadOnlySpan<double> features, int decidedClass) => (uint)decidedClass < (uint)Classes.Length
        ? Classes[decidedClass].Mixture.LogDensity(features)
        : throw new ArgumentOutOfRangeException(nameof(decidedClass), decidedClass, $"Expected a class in [0, {Classes.Length}).");
}
