using MarginNet.Arrays;

namespace MarginNet.Features;

/// <summary>Chooses form and order of a mixture of features.</summary>
internal static class FeatureMixtureFitter
{
    public static FeatureMixtureFit Fit(NumericArray features, FeatureMixtureOptions options, CancellationToken cancellation)
    {
        options.Validate();
        FeatureArrays.ThrowIfInvalid(features, nameof(features));
        var sample = FeatureSample.Of(features, options.VarianceFloor);
        if (!(sample.Floor > 0))
            throw new ArgumentException($"Expected samples that vary, but got {features.Rows} equal ones.", nameof(features));

        var starts = new Dictionary<int, int[]>();
        FeatureMixtureFit? best = null;
        foreach (var form in options.Forms.Distinct())
        {
            var least = double.PositiveInfinity; // of the form
            for (var order = 1; order <= options.MaxComponents && IsEnough(features, form, order); order++)
            {
                if (!starts.TryGetValue(order, out var start))
                    starts[order] = start = FeatureStarts.KMeans(sample, order, options.Starts, options.Seed);

                var fit = FeatureMixtureRun.Start(sample, form, start, order)?.ToEnd(options, cancellation);
                if (fit is null || fit.Bic >= least)
                    break;

                least = fit.Bic;
                best = best is null || fit.Bic < best.Bic ? fit : best;
            }
        }

        return best ?? throw new ArgumentException(
            $"Expected more samples for a mixture of {features.Columns} features, but got {features.Rows}.", nameof(features));
    }

    /// <summary>Whether there are two numbers for each parameter; the smallest sample that varies is enough for one variance.</summary>
    private static bool IsEnough(NumericArray features, CovarianceForm form, int order) =>
        (form == CovarianceForm.Spherical && order == 1)
        || 2L * FeatureMixture.CountParameters(form, order, features.Columns) <= (long)features.Rows * features.Columns;
}
