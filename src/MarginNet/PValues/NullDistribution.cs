using System.Numerics;
using System.Runtime.InteropServices;

namespace MarginNet.PValues;

/// <summary>The distribution of the margins of typical samples: a Gaussian mixture of their logarithms, and the margins themselves.</summary>
public sealed class NullDistribution
{
    private readonly SortedSample _margins;

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
        KolmogorovSmirnov = KolmogorovSmirnovDistance(sortedMargins);
    }

    /// <summary>The mixture of the log-margins and how it was found.</summary>
    public GaussianMixtureFit Fit { get; }

    /// <summary>Calibration margins in increasing order, those of 0 among them, shape [N].</summary>
    public ReadOnlySpan<double> Margins => _margins.Values;

    /// <summary>Number of calibration margins, those of 0 among them.</summary>
    public int SampleCount => Margins.Length;

    /// <summary>Number of calibration margins of 0, which the mixture leaves out.</summary>
    public int ZeroCount => _margins.CountUpTo(0);

    /// <summary>The Kolmogorov-Smirnov distance of the positive calibration margins' lower-tail p-values from the uniform distribution, in [0, 1]: 0 where the mixture fits.</summary>
    public double KolmogorovSmirnov { get; }

    /// <summary>Computes the p-values of one margin, without allocation.</summary>
    /// <param name="margin">The margin μ, finite and at least 0.</param>
    /// <returns>Its p-values.</returns>
    /// <exception cref="ArgumentException"><paramref name="margin"/> is negative, infinite or NaN.</exception>
    public MarginPValue Score(double margin)
    {
        if (!(margin is >= 0 and < double.PositiveInfinity))
            throw new ArgumentException(FormattableString.Invariant($"Expected a finite margin of at least 0, but got {margin}."), nameof(margin));

        var empirical = (1.0 + _margins.CountUpTo(margin)) / (1.0 + SampleCount);
        if (margin == 0)
            return new MarginPValue(double.NegativeInfinity, 0, 0, empirical);

        var logMargin = Math.Log(margin);
        var x = new Vector<double>(logMargin);
        var (lower, formula) = (Vector<double>.Zero, Vector<double>.Zero);
        for (var i = 0; i < _weights.Length; i++)
        {
            var z = (x - _means[i]) * _precisions[i];
            var tail = Normal.UpperTail(Vector.Abs(z));
            formula += _weights[i] * tail;
            lower += _weights[i] * Vector.ConditionalSelect(Vector.LessThan(z, Vector<double>.Zero), tail, Vector<double>.One - tail);
        }

        return new MarginPValue(logMargin, Math.Min(1, Vector.Sum(lower)), Math.Min(0.5, Vector.Sum(formula)), empirical);
    }

    /// <summary>The distance of the positive margins among those given, or NaN where there is none.</summary>
    internal double KolmogorovSmirnovDistance(ReadOnlySpan<double> sortedMargins)
    {
        var zeros = sortedMargins.LastIndexOf(0.0) + 1;
        var count = sortedMargins.Length - zeros;
        var distance = count > 0 ? 0 : double.NaN;
        for (var i = 0; i < count; i++)
        {
            var p = Score(sortedMargins[zeros + i]).Lower;
            distance = Math.Max(distance, Math.Max(p - ((double)i / count), ((i + 1.0) / count) - p));
        }

        return distance;
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
}
