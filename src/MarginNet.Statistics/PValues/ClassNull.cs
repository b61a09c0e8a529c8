namespace MarginNet.PValues;

/// <summary>The null model of one class.</summary>
public sealed class ClassNull
{
    private readonly double[] _margins;

    internal ClassNull(double[] sortedMargins, int misclassifiedCount, NullDistribution? own, NullDistribution pooled)
    {
        _margins = sortedMargins;
        MisclassifiedCount = misclassifiedCount;
        Distribution = own ?? pooled;
        IsPooled = own is null;
        ZeroCount = sortedMargins.AsSpan().LastIndexOf(0.0) + 1;
        KolmogorovSmirnov = own?.KolmogorovSmirnov ?? pooled.KolmogorovSmirnovDistance(sortedMargins);
    }

    /// <summary>The distribution that scores the class: its own, or the pooled one where the class has too few samples.</summary>
    public NullDistribution Distribution { get; }

    /// <summary>Whether <see cref="Distribution"/> is the pooled one, for want of samples.</summary>
    public bool IsPooled { get; }

    /// <summary>Calibration margins of this class in increasing order, those of 0 among them, shape [N].</summary>
    public ReadOnlySpan<double> Margins => _margins;

    /// <summary>Number of calibration margins of this class, those of 0 among them.</summary>
    public int SampleCount => _margins.Length;

    /// <summary>Number of this class's calibration margins that are 0, which the mixture leaves out.</summary>
    public int ZeroCount { get; }

    /// <summary>Number of calibration samples wrongly predicted as this class, which are left out.</summary>
    public int MisclassifiedCount { get; }

    /// <summary>
    /// The Kolmogorov-Smirnov distance of this class's lower-tail calibration p-values from the uniform distribution, in [0, 1]:
    /// near 0 where <see cref="Distribution"/> describes the class; NaN where the class has no positive margin.
    /// </summary>
    public double KolmogorovSmirnov { get; }

    /// <summary>How likely so large a distance is if the mixture is right, as <see cref="NullDistribution.FitPValue"/>;
    /// NaN where the class has no mixture of its own.</summary>
    public double FitPValue => IsPooled ? double.NaN : Distribution.FitPValue;
}
