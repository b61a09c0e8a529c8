using System.Collections.Immutable;

namespace MarginNet.Audit;

/// <summary>A mixture of skew-normal parts and its likelihood.</summary>
/// <param name="Weights">The weights, which sum to 1.</param>
/// <param name="Parts">The parts.</param>
/// <param name="LogLikelihood">Of the values it was fitted to.</param>
internal sealed record SkewNormalMixture(ImmutableArray<double> Weights, ImmutableArray<SkewNormal> Parts, double LogLikelihood)
{
    private const int ScreeningIterations = 60;
    private const int MaxIterations = 2000;
    private const double Tolerance = 1e-8; // of the log-likelihood per value
    private const double ScaleFloor = 0.02; // of γ, in deviations of the data

    private static readonly double[] StartShares = [0.05, 0.2, 0.4]; // of the lower part
    private static readonly double[] StartSkews = [-0.5, 0.5]; // of the upper part, in its deviations

    /// <summary>−2 log L + k log N, with three parameters of each part and the free weights.</summary>
    public double Bic(int count) => (-2 * LogLikelihood) + (((4 * Parts.Length) - 1) * Math.Log(count));

    /// <summary>Fits one part or two by EM, from several starts.</summary>
    public static SkewNormalMixture Fit(WeightedCells cells, int parts)
    {
        var starts = parts == 1
            ? StartSkews.Select(skew => new SkewNormalMixture([1], [Start(cells, 0, 1, skew)], double.NegativeInfinity))
            : from share in StartShares
              from skew in StartSkews
              select new SkewNormalMixture(
                  [share, 1 - share], [Start(cells, 0, share, 0), Start(cells, share, 1, skew)], double.NegativeInfinity);
        var best = starts.Select(start => start.Converge(cells, ScreeningIterations)).MaxBy(fit => fit.LogLikelihood)!;
        return best.Converge(cells, MaxIterations).Unstandardize(cells);
    }

    /// <summary>One iteration of EM: the hidden |U| of each value given its part, then the regression of the values on it.</summary>
    internal SkewNormalMixture Iterate(WeightedCells cells)
    {
        var (points, counts) = (cells.Points, cells.Counts);
        var (logs, sums) = (new double[Parts.Length], new double[Parts.Length, 6]);
        var logLikelihood = 0.0;
        for (var i = 0; i < points.Length; i++)
        {
            var total = double.NegativeInfinity;
            for (var k = 0; k < logs.Length; k++)
            {
                logs[k] = Math.Log(Weights[k]) + Parts[k].LogDensity(points[i]);
                total = LogSum(total, logs[k]);
            }

            logLikelihood += counts[i] * total;
            for (var k = 0; k < logs.Length; k++)
            {
                var (own, y) = (counts[i] * Math.Exp(logs[k] - total), points[i]);
                var (first, second) = Parts[k].HiddenMoments(y);
                sums[k, 0] += own;
                sums[k, 1] += own * first;
                sums[k, 2] += own * second;
                sums[k, 3] += own * y;
                sums[k, 4] += own * first * y;
                sums[k, 5] += own * y * y;
            }
        }

        var all = counts.Sum();
        return new(
            [.. logs.Select((_, k) => Math.Clamp(sums[k, 0] / all, 1e-6, 1))],
            [.. logs.Select((_, k) => Regress(sums[k, 0], sums[k, 1], sums[k, 2], sums[k, 3], sums[k, 4], sums[k, 5], Parts[k]))],
            logLikelihood);
    }

    /// <summary>log(eᵃ + eᵇ), b finite.</summary>
    private static double LogSum(double a, double b) => Math.Max(a, b) + Math.Log(1 + Math.Exp(-Math.Abs(a - b)));

    private static SkewNormal Regress(double n, double t, double tt, double y, double ty, double yy, SkewNormal before)
    {
        var determinant = (n * tt) - (t * t);
        if (!(n > 1e-9 && determinant > 1e-12))
        {
            return before;
        }

        var skew = ((n * ty) - (t * y)) / determinant;
        var location = (y - (skew * t)) / n;
        var variance = (yy - (2 * location * y) - (2 * skew * ty) + (location * location * n) + (2 * skew * location * t)
            + (skew * skew * tt)) / n;
        return new(location, skew, Math.Sqrt(Math.Max(variance, ScaleFloor * ScaleFloor)));
    }

    private SkewNormalMixture Converge(WeightedCells cells, int iterations)
    {
        var (fit, all) = (this, cells.Counts.Sum());
        for (var i = 0; i < iterations; i++)
        {
            var next = fit.Iterate(cells); // whose likelihood is that of the one before
            if (i > 1 && next.LogLikelihood - fit.LogLikelihood < Tolerance * all)
            {
                return fit with { LogLikelihood = next.LogLikelihood };
            }

            fit = next;
        }

        return fit;
    }

    /// <summary>A part with the mean and deviation of the values between two quantiles.</summary>
    private static SkewNormal Start(WeightedCells cells, double from, double to, double skew)
    {
        var (n, sum, squares, before, all) = (0.0, 0.0, 0.0, 0.0, cells.Counts.Sum());
        for (var i = 0; i < cells.Points.Length; i++)
        {
            var own = Math.Max(0, Math.Min(before + cells.Counts[i], to * all) - Math.Max(before, from * all));
            (n, sum, squares) = (n + own, sum + (own * cells.Points[i]), squares + (own * cells.Points[i] * cells.Points[i]));
            before += cells.Counts[i];
        }

        var mean = sum / n;
        var deviation = Math.Sqrt(Math.Max((squares / n) - (mean * mean), ScaleFloor * ScaleFloor));
        return new(mean - (skew * deviation * Math.Sqrt(2 / Math.PI)), skew * deviation, deviation);
    }

    private SkewNormalMixture Unstandardize(WeightedCells cells) => this with
    {
        Parts = [.. Parts.Select(part => new SkewNormal(
            cells.Mean + (cells.Deviation * part.Location), cells.Deviation * part.Skew, cells.Deviation * part.Scale))],
        LogLikelihood = LogLikelihood - (cells.Counts.Sum() * Math.Log(cells.Deviation)),
    };
}
