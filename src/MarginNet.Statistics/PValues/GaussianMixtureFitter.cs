using System.Numerics.Tensors;

namespace MarginNet.PValues;

/// <summary>
/// Fits one-dimensional Gaussian mixtures by EM and chooses their order by the Bayesian information criterion.
/// Starts are tried on the data gathered in a few hundred cells; the best goes on with finer and finer cells,
/// and at last on the data itself; of 2²⁰ values or more, on 2¹⁶ cells, whose log-likelihood is the data's to far below a nat.
/// </summary>
public static class GaussianMixtureFitter
{
    private const int CoarseCells = 512;
    private const int Refinement = 8; // how many times finer the next cells are
    private const int ValuesPerCell = 8; // the least that make a level of cells worth its memory
    private const int ScreeningIterations = 10;
    private const int Finalists = 3;
    private const int ValuesPerComponent = 5;

    /// <summary>Fits mixtures of K = 1, 2, … components and keeps the one with the smallest −2 log L + (3K − 1) log N.</summary>
    /// <param name="values">The sample, shape [N] with N ≥ 1, finite. The order of the values does not matter.</param>
    /// <param name="options">How to fit, or null for the defaults.</param>
    /// <returns>The chosen mixture and the best fit of every order; the same for any number of threads.</returns>
    /// <exception cref="ArgumentException"><paramref name="values"/> is empty or holds a NaN or an infinity,
    /// or an option is out of range.</exception>
    public static GaussianMixtureFit Fit(ReadOnlySpan<double> values, GaussianMixtureOptions? options = null)
    {
        options ??= new GaussianMixtureOptions();
        options.Validate();
        var sample = Gather(values);
        var floor = options.VarianceFloorOf(sample.Count);
        var coarse = sample.Compress(CoarseCells);
        var orders = Math.Clamp(sample.DistinctCount / ValuesPerComponent, 1, options.MaxComponents);
        var runs = new MixtureRun[orders];
        for (var order = 1; order <= orders; order++)
            runs[order - 1] = Search(coarse, Starts(coarse, order, order > 1 ? runs[order - 2].Parameters : null, options), floor, options);

        for (var cells = CoarseCells * Refinement; cells <= sample.Length / ValuesPerCell; cells *= Refinement)
            Refine(runs, sample.Compress(cells), floor, options);

        Refine(runs, sample, floor, options);
        return new GaussianMixtureFit(sample.Count, [.. runs.AsParallel().AsOrdered().Select(run => Describe(run, sample))]);
    }

    private static MixtureSample Gather(ReadOnlySpan<double> values)
    {
        if (values.IsEmpty)
            throw new ArgumentException("Expected at least one value, but got none.", nameof(values));

        var (least, largest) = (TensorPrimitives.Min(values), TensorPrimitives.Max(values)); // NaN where there is one
        if (!double.IsFinite(least) || !double.IsFinite(largest))
            for (var i = 0; i < values.Length; i++)
                if (!double.IsFinite(values[i]))
                    throw new ArgumentException(
                        FormattableString.Invariant($"Expected finite values, but the value at index {i} is {values[i]}."), nameof(values));

        return (values.Length >= EqualCells.FewestValues ? EqualCells.TryGather(values, least, largest) : null) ?? MixtureSample.Create(values);
    }

    /// <summary>Runs every start for a few iterations and the best of them to convergence.</summary>
    private static MixtureRun Search(MixtureSample cells, List<MixtureParameters> starts, double floor, GaussianMixtureOptions options)
    {
        var screened = new MixtureRun[starts.Count];
        Parallel.For(
            0,
            starts.Count,
            i => screened[i] = MixtureRun.Start(starts[i], floor).Continue(cells, floor, options.Tolerance, ScreeningIterations));
        var finalists = screened.OrderByDescending(run => run.LogLikelihood).Take(Finalists).ToArray();
        Parallel.For(
            0, finalists.Length, i => finalists[i] = finalists[i].Continue(cells, floor, options.Tolerance, options.MaxIterations));
        return finalists.MaxBy(run => run.LogLikelihood)!;
    }

    private static List<MixtureParameters> Starts(
        MixtureSample cells, int order, MixtureParameters? previous, GaussianMixtureOptions options)
    {
        var starts = new List<MixtureParameters> { MixtureStarts.Quantiles(cells, order) };
        if (previous is null)
            return starts;

        var random = new Random(options.Seed);
        for (var i = 0; i < options.Restarts; i++)
            starts.Add(MixtureStarts.KMeansPlusPlus(cells, order, random));

        for (var k = 0; k < previous.Order; k++)
        {
            starts.Add(MixtureStarts.SplitAside(previous, k));
            starts.Add(MixtureStarts.SplitAbout(previous, k));
        }

        return starts;
    }

    // The largest orders take longest, so they go first.
    private static void Refine(MixtureRun[] runs, MixtureSample sample, double floor, GaussianMixtureOptions options) =>
        Parallel.For(
            0, runs.Length, i => runs[^(i + 1)] = runs[^(i + 1)].Continue(sample, floor, options.Tolerance, options.MaxIterations));

    private static MixtureOrderFit Describe(MixtureRun run, MixtureSample sample)
    {
        var mixture = run.Parameters.ToMixture(sample.Center, sample.Scale);
        var scaled = sample.IsCompressed ? CellLikelihood.Compute(sample, run.Parameters) : run.LogLikelihood;
        var logLikelihood = scaled - (sample.Count * Math.Log(sample.Scale));
        return new MixtureOrderFit(mixture, logLikelihood, mixture.Bic(logLikelihood, sample.Count), run.Iterations, run.Converged);
    }
}
