using MarginNet.Bounds;

namespace MarginNet.Lipschitz;

/// <summary>CLEVER's estimate for a sample and one rival of its class.</summary>
/// <param name="Rival">The class j.</param>
/// <param name="Margin">f_ĉ − fⱼ at the sample, at least 0.</param>
/// <param name="Lipschitz">The estimate of the Lipschitz constant of f_ĉ − fⱼ in the ball.</param>
/// <param name="Radius">The estimate of the distance to the rival: margin / L, at most the radius of the ball; 0 of a tie.
/// It certifies nothing.</param>
/// <param name="Source">Whether the estimate is the end point of a fit, or why not.</param>
/// <param name="SampleMaximum">The largest gradient drawn, which a Lipschitz constant in the ball cannot be below.</param>
/// <param name="Fit">The distribution fitted to the batches' maxima, refused or not; null where there is none.</param>
/// <param name="PValue">Its p-value by the test of Kolmogorov and Smirnov, too large by as much as the fit follows the maxima;
/// NaN where there is no fit.</param>
public sealed record CleverPair(
    int Rival, double Margin, Estimate Lipschitz, double Radius, CleverSource Source, LowerBound SampleMaximum, ReverseWeibull? Fit,
    double PValue)
{
    private const int FewestMaxima = 10;

    /// <summary>The estimate from the maximum of each batch.</summary>
    internal static CleverPair Of(int rival, double margin, double[] maxima, CleverOptions options)
    {
        var largest = maxima.Max();
        var (source, fit, p) = Judge(maxima, options);
        var constant = source == CleverSource.Fit ? fit!.Location : largest;
        var radius = margin <= 0 ? 0 : Math.Min(margin / constant, options.Radius); // Of a constant of zero the whole ball.
        return new(rival, margin, new(constant), radius, source, new(largest), fit, p);
    }

    private static (CleverSource Source, ReverseWeibull? Fit, double PValue) Judge(double[] maxima, CleverOptions options)
    {
        if (maxima.Length < FewestMaxima || ReverseWeibull.AreAlike(maxima))
        {
            return (maxima.Length < FewestMaxima ? CleverSource.FewMaxima : CleverSource.EqualMaxima, null, double.NaN);
        }

        if (ReverseWeibull.Fit(maxima) is not { } fit)
        {
            return (CleverSource.NoFit, null, double.NaN);
        }

        var p = KolmogorovSmirnov.PValue(KolmogorovSmirnov.Distance(maxima, fit.Cdf), maxima.Length);
        return (p < options.Significance ? CleverSource.RefusedFit : CleverSource.Fit, fit, p);
    }
}
