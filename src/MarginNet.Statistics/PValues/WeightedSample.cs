namespace MarginNet.PValues;

/// <summary>Values in increasing order, with weights that say how many times as likely each is where they are compared with others
/// (covariate shift, Tibshirani et al. 2019); all count 1 where none are given.</summary>
internal sealed class WeightedSample
{
    private readonly double[] _values;
    private readonly double[]? _weights;
    private readonly double[] _masses; // the weight of those before each, and of all at the end

    /// <param name="values">The values, shape [N], none NaN.</param>
    /// <param name="weights">Their weights, shape [N], finite and at least 0; null for 1 each.</param>
    public WeightedSample(double[] values, double[]? weights)
    {
        (_values, _weights) = ([.. values], weights is null ? null : [.. weights]);
        Array.Sort(_values, _weights);
        _masses = new double[_values.Length + 1];
        for (var i = 0; i < _values.Length; i++)
            _masses[i + 1] = _masses[i] + (_weights?[i] ?? 1);
    }

    public double[] Values => _values;

    /// <summary>The weights in the order of <see cref="Values"/>; null for 1 each.</summary>
    public double[]? Weights => _weights;

    public bool IsEmpty => _values.Length == 0;

    /// <summary>The weight of all.</summary>
    public double Mass => _masses[^1];

    public static WeightedSample Pool(IReadOnlyCollection<WeightedSample> samples) => new(
        [.. samples.SelectMany(own => own._values)],
        samples.Any(own => own._weights is null) ? null : [.. samples.SelectMany(own => own._weights!)]);

    /// <summary>The weight of the values below a number.</summary>
    public double MassBelow(double x) => _masses[Count(value => value < x)];

    /// <summary>The weight of the values at or below a number.</summary>
    public double MassUpTo(double x) => _masses[Count(value => value <= x)];

    /// <summary>Requires one weight for each sample, or none at all.</summary>
    public static void ThrowIfInvalid(ReadOnlySpan<double> weights, int count, string name)
    {
        if (weights.Length != count && !weights.IsEmpty)
            throw new ArgumentException($"Expected {count} weights, one for each sample, or none, but got {weights.Length}.", name);

        for (var i = 0; i < weights.Length; i++)
            if (!IsWeight(weights[i]))
                throw new ArgumentException(FormattableString.Invariant(
                    $"Expected finite weights of at least 0, but the one at index {i} is {weights[i]}."), name);
    }

    /// <summary>Requires the weight of a sample that is compared.</summary>
    public static void ThrowIfInvalid(double weight, string name)
    {
        if (!IsWeight(weight))
            throw new ArgumentOutOfRangeException(name, weight, "Expected a finite weight of at least 0.");
    }

    public static bool IsWeight(double weight) => weight is >= 0 and < double.PositiveInfinity;

    /// <summary>The number of the first values, which are those that meet a condition.</summary>
    private int Count(Predicate<double> meets)
    {
        var (low, high) = (0, _values.Length); // The number is in [low, high].
        while (low < high)
        {
            var middle = (low + high) / 2;
            (low, high) = meets(_values[middle]) ? (middle + 1, high) : (low, middle);
        }

        return low;
    }
}
