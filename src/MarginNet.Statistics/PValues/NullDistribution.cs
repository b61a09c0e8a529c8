using System.Numerics;
using System.Runtime.InteropServices;

namespace MarginNet.PValues;

/// <summary>The distribution of the margins of typical samples: a Gaussian mixture of their logarithms,
/// and the margins themselves.</summary>
public sealed class NullDistribution
{
    private readonly SortedSample _margins;
    private readonly Knot[] _knots; // of each positive margin
    private readonly bool _isStepped; // margins that repeat are rounded, and between their values there is nothing

    // wₖ, mₖ and 1/σₖ in whole vectors; entries beyond the last component have weight 0.
    private readonly Vector<double>[] _weights;
    private readonly Vector<double>[] _means;
    private readonly Vector<double>[] _precisions;

    internal NullDistribution(GaussianMixtureFit fit, double[] sortedMargins)
    {
        Fit = fit;
        _margins = new SortedSample(sortedMargins);
        _weights = ToVectors(component => component.Weight);
        _means = ToVectors(component => component.Mean);
        _precisions = ToVectors(component => 1 / component.StandardDeviation);
        ZeroCount = _margins.CountUpTo(0);
        var positive = sortedMargins.AsSpan(ZeroCount);
        _knots = new Knot[positive.Length];
        for (var i = 0; i < _knots.Length; i++)
        {
            var logMargin = Math.Log(positive[i]);
            _knots[i] = new(logMargin, TailsAt(logMargin).Lower);
            _isStepped |= i > 0 && positive[i] == positive[i - 1];
        }

        KolmogorovSmirnov = Distance(MixtureTails());
    }

    /// <summary>The mixture of the log-margins and how it was found.</summary>
    public GaussianMixtureFit Fit { get; }

    /// <summary>Calibration margins in increasing order, those of 0 among them, shape [N].</summary>
    public ReadOnlySpan<double> Margins => _margins.Values;

    /// <summary>Number of calibration margins, those of 0 among them.</summary>
    public int SampleCount => Margins.Length;

    /// <summary>Number of calibration margins of 0, which the mixture leaves out.</summary>
    public int ZeroCount { get; }

    /// <summary>The smallest p-value that the calibration margins support: 1/(n + 1), or more where some of them are 0.</summary>
    public double SmallestPValue => (1.0 + ZeroCount) / (1.0 + SampleCount);

    /// <summary>The Kolmogorov-Smirnov distance of the mixture's lower tail at the positive calibration margins from the uniform
    /// distribution, in [0, 1]: 0 where the mixture fits.</summary>
    public double KolmogorovSmirnov { get; }

    /// <summary>
    /// The probability that a sample of the mixture is as far from a mixture fitted to it, in (0, 1];
    /// near 0 where the margins are no sample of such a mixture. NaN where it was not tested.
    /// </summary>
    public double FitPValue { get; private set; } = double.NaN;

    /// <summary>Whether p-values by rank are not interpolated, since margins repeat.</summary>
    internal bool IsStepped => _isStepped;

    /// <summary>Computes the p-values of one margin, without allocation.</summary>
    /// <param name="margin">The margin μ, finite and at least 0.</param>
    /// <param name="ties">
    /// Draws one number that breaks the ties of the margin's rank, so that the p-values by rank are exactly uniform on typical samples;
    /// null, the default, counts every tie against the sample, which makes p-values no smaller.
    /// </param>
    /// <returns>Its p-values.</returns>
    /// <exception cref="ArgumentException"><paramref name="margin"/> is negative, infinite or NaN.</exception>
    public MarginPValue Score(double margin, Random? ties = null)
    {
        if (!(margin is >= 0 and < double.PositiveInfinity))
            throw new ArgumentException(
                FormattableString.Invariant($"Expected a finite margin of at least 0, but got {margin}."), nameof(margin));

        var logMargin = Math.Log(margin);
        var (mixture, formula) = margin == 0 ? (0, 0) : TailsAt(logMargin);
        var (rank, places) = (_margins.CountUpTo(margin), 1.0 + SampleCount);
        if (ties is not null)
        {
            var below = margin == 0 ? 0 : _margins.CountUpTo(Math.BitDecrement(margin));
            var p = (below + ((1 - ties.NextDouble()) * (1 + rank - below))) / places;
            return new MarginPValue(logMargin, p, 1 - p, p, p, mixture, formula);
        }

        var empirical = (1 + rank) / places;
        var (lower, upper) = Ranked(margin, logMargin, mixture, rank);
        var extrapolated = rank > 0 ? lower : mixture == 0 ? 0 : lower * Math.Min(1, mixture / _knots[0].Tail);
        return new MarginPValue(logMargin, lower, upper, empirical, extrapolated, mixture, formula);
    }

    /// <summary>The same distribution with the outcome of a test of its fit.</summary>
    internal NullDistribution WithFitPValue(double value)
    {
        var tested = (NullDistribution)MemberwiseClone();
        tested.FitPValue = value;
        return tested;
    }

    /// <summary>The mixture's lower tail at the positive margins, increasing.</summary>
    internal double[] MixtureTails() => Array.ConvertAll(_knots, knot => knot.Tail);

    /// <summary>The distance of the positive margins among those given, or NaN where there is none.</summary>
    internal double KolmogorovSmirnovDistance(ReadOnlySpan<double> sortedMargins)
    {
        var positive = sortedMargins[(sortedMargins.LastIndexOf(0.0) + 1)..];
        var tails = new double[positive.Length];
        for (var i = 0; i < tails.Length; i++)
            tails[i] = TailsAt(Math.Log(positive[i])).Lower;

        return Distance(tails);
    }

    /// <summary>The distance of increasing numbers from the uniform distribution; NaN of none.</summary>
    internal static double Distance(ReadOnlySpan<double> sorted)
    {
        var distance = sorted.IsEmpty ? double.NaN : 0;
        for (var i = 0; i < sorted.Length; i++)
            distance = Math.Max(distance, Math.Max(sorted[i] - ((double)i / sorted.Length), ((i + 1.0) / sorted.Length) - sorted[i]));

        return distance;
    }

    /// <summary>
    /// The p-values by rank, (k + u)/(n + 1) between the k-th and the next calibration margin.
    /// The share u of that gap is the larger one of the mixture's and of the logarithm's: where the density rises, as it does in a lower
    /// tail, the latter is at least the true share, and so the level is kept.
    /// </summary>
    private (double Lower, double Upper) Ranked(double margin, double logMargin, double mixture, int rank)
    {
        var (places, index) = (1.0 + SampleCount, rank - ZeroCount);
        if (_isStepped || index == 0 || rank == SampleCount)
        {
            var below = margin == 0 ? 0 : _isStepped ? _margins.CountUpTo(Math.BitDecrement(margin)) : rank;
            return ((1 + rank) / places, (1 + SampleCount - below) / places);
        }

        var (start, end) = (_knots[index - 1], _knots[index]);
        var byLogarithm = (logMargin - start.LogMargin) / (end.LogMargin - start.LogMargin);
        var byMixture = (mixture - start.Tail) / (end.Tail - start.Tail);
        if (!double.IsFinite(byLogarithm) || !double.IsFinite(byMixture))
            return ((1 + rank) / places, (1 + SampleCount - rank) / places);

        var (largest, smallest) = (Math.Clamp(Math.Max(byLogarithm, byMixture), 0, 1), Math.Clamp(Math.Min(byLogarithm, byMixture), 0, 1));
        return ((rank + largest) / places, (1 + SampleCount - rank - smallest) / places);
    }

    private (double Lower, double Formula) TailsAt(double logMargin)
    {
        var x = new Vector<double>(logMargin);
        var (lower, formula) = (Vector<double>.Zero, Vector<double>.Zero);
        for (var i = 0; i < _weights.Length; i++)
        {
            var z = (x - _means[i]) * _precisions[i];
            var tail = Normal.UpperTail(Vector.Abs(z));
            formula += _weights[i] * tail;
            lower += _weights[i] * Vector.ConditionalSelect(Vector.LessThan(z, Vector<double>.Zero), tail, Vector<double>.One - tail);
        }

        return (Math.Min(1, Vector.Sum(lower)), Math.Min(0.5, Vector.Sum(formula)));
    }

    private Vector<double>[] ToVectors(Func<MixtureComponent, double> parameter)
    {
        var components = Fit.Mixture.Components;
        var vectors = new Vector<double>[(components.Length + Vector<double>.Count - 1) / Vector<double>.Count];
        var values = MemoryMarshal.Cast<Vector<double>, double>(vectors.AsSpan());
        for (var k = 0; k < components.Length; k++)
            values[k] = parameter(components[k]);

        return vectors;
    }

    /// <summary>A calibration margin's logarithm, and the mixture's lower tail there: kept, for p-values between two of them need both.</summary>
    private readonly record struct Knot(double LogMargin, double Tail);
}
