namespace MarginNet.PValues;

/// <summary>
/// Whether a mixture describes the sample it was fitted to, by the statistic of Anderson and Darling, which weighs the tails most.
/// Its law comes from a parametric bootstrap (Stute, González Manteiga and Presedo Quindimil 1993):
/// samples are drawn from the mixture and a mixture is fitted to each, as was to the data,
/// since what is fitted is nearer to its own sample than the truth is.
/// </summary>
internal static class MixtureFitTest
{
    private const int LargestSample = 1000; // of a draw: the law of the statistic hardly depends on n
    private const int EnoughBeyond = 10; // statistics as large end the test early (Besag and Clifford 1991): the fit is good
    private const double UnitRoundoff = 1.1102230246251565e-16; // the least that 1 − u can be, unless it is 0
    private const double Tolerance = 1e-6;
    private const int MostIterations = 200;

    /// <summary>The probability that a sample of the mixture is as far from the mixture fitted to it.</summary>
    /// <param name="fit">The mixture.</param>
    /// <param name="tails">Its lower tail at the values of the sample, increasing, shape [N] with N ≥ 1.</param>
    /// <param name="options">How the mixture was fitted.</param>
    /// <param name="draws">The most samples to draw, at least 1; the probability is at least 1/(draws + 1).</param>
    public static double PValue(GaussianMixtureFit fit, ReadOnlySpan<double> tails, GaussianMixtureOptions options, int draws)
    {
        var (observed, beyond) = (AndersonDarling(tails), 0);
        var seed = Seed(tails[0], tails[^1], options.Seed); // so that the chance of the draws is not the same for every class
        for (var draw = 1; draw <= draws; draw++)
        {
            var values = Refit(fit.Mixture, Math.Min(tails.Length, LargestSample), new Random(unchecked(seed + draw)), options);
            if (AndersonDarling(values) >= observed && ++beyond == EnoughBeyond)
                return (double)beyond / draw;
        }

        return (beyond + 1.0) / (draws + 1.0);
    }

    /// <summary>Computes A² = −n − Σᵢ (2i − 1)(log u₍ᵢ₎ + log(1 − u₍ₙ₊₁₋ᵢ₎))/n of increasing numbers in [0, 1].</summary>
    public static double AndersonDarling(ReadOnlySpan<double> sorted)
    {
        var sum = 0.0;
        for (var i = 0; i < sorted.Length; i++)
            sum += ((2 * i) + 1) * (Math.Log(Math.Max(sorted[i], double.Epsilon)) + Math.Log(Math.Max(1 - sorted[^(i + 1)], UnitRoundoff)));

        return -sorted.Length - (sum / sorted.Length);
    }

    private static double[] Refit(GaussianMixture mixture, int count, Random random, GaussianMixtureOptions options)
    {
        var values = new double[count];
        for (var i = 0; i < count; i++)
            values[i] = mixture.Draw(random);

        var sample = MixtureSample.Create(values);
        var floor = options.VarianceFloorOf(count);
        var run = MixtureRun.Start(MixtureParameters.Of(mixture, sample.Center, sample.Scale), floor)
            .Continue(sample, floor, Tolerance, MostIterations);
        var refitted = run.Parameters.ToMixture(center: 0, scale: 1);
        for (var i = 0; i < count; i++)
            values[i] = refitted.LowerTail(sample.Values[i]);

        return values;
    }

    private static int Seed(double first, double last, int seed) =>
        unchecked((BitConverter.DoubleToInt64Bits(first) * 31) + BitConverter.DoubleToInt64Bits(last)).GetHashCode() ^ (seed * 7919);
}
