namespace MarginNet.PValues;

/// <summary>The map of <see cref="NullKind.ErrorWeighted"/>, P(t) = Σ ρ_c min(1, w_c t) at t = p/w,
/// held as a piecewise linear function.</summary>
internal sealed class ErrorWeighting
{
    private readonly double[] _odds;
    private readonly double[] _knots; // 1/w_c, increasing: beyond it, class c counts in full
    private readonly double[] _constants; // of the piece before each knot, and after the last
    private readonly double[] _slopes;

    public ErrorWeighting(IReadOnlyList<ClassNull> classes)
    {
        // Half a count more on either side keeps the odds of a class without errors, or without samples, positive and finite.
        _odds = [.. classes.Select(c => (c.MisclassifiedCount + 0.5) / (c.SampleCount + 0.5))];
        var total = (double)classes.Sum(c => c.SampleCount);
        var order = Enumerable.Range(0, _odds.Length).OrderByDescending(c => _odds[c]).ToArray();
        _knots = [.. order.Select(c => 1 / _odds[c])];
        _constants = new double[_knots.Length + 1];
        _slopes = new double[_knots.Length + 1];
        for (var i = 0; i < order.Length; i++)
            _constants[i + 1] = _constants[i] + (classes[order[i]].SampleCount / total);

        for (var i = order.Length - 1; i >= 0; i--)
            _slopes[i] = _slopes[i + 1] + (classes[order[i]].SampleCount / total * _odds[order[i]]);
    }

    public MarginPValue Apply(MarginPValue p, int predictedClass)
    {
        var odds = _odds[predictedClass];
        return new MarginPValue(
            p.LogMargin,
            Weigh(p.Lower / odds),
            Weigh(p.Upper / odds),
            Weigh(p.Empirical / odds),
            Weigh(p.Extrapolated / odds),
            Weigh(p.Mixture / odds),
            0.5 * Weigh(2 * p.Formula / odds));
    }

    /// <summary>The p-value of a class that is weighted to <paramref name="weighted"/>, or the largest below it.</summary>
    public double Unweigh(double weighted, int predictedClass)
    {
        var piece = 0;
        while (piece < _knots.Length && _constants[piece] + (_slopes[piece] * _knots[piece]) <= weighted)
            piece++;

        return piece == _knots.Length ? 1 : Math.Min(1, _odds[predictedClass] * (weighted - _constants[piece]) / _slopes[piece]);
    }

    private double Weigh(double t)
    {
        var found = Array.BinarySearch(_knots, t);
        var piece = found >= 0 ? found : ~found;
        return Math.Min(1, _constants[piece] + (_slopes[piece] * t));
    }
}
