namespace MarginNet.Margins;

/// <summary>Tells what scores are by all of their rows, seen one by one.</summary>
internal struct ScoreKindTally
{
    private const double Rounding = 1e-6;
    private const double FewTolerance = 1e-3; // Of float16, or of three decimals.
    private const double ManyTolerance = 0.05; // Of two decimals; no ten rows of logits come as near by chance.
    private const int Many = 10;

    private int _rows;
    private double _offOne; // The largest distance of a row's sum from 1, or infinity where a score is no probability.
    private double _offZero; // That of the logarithm of a row's sum of exponentials from 0, likewise.

    /// <summary>What all rows seen so far are; logits where there is none.</summary>
    public readonly ScoreKind Kind
    {
        get
        {
            var tolerance = _rows >= Many ? ManyTolerance : FewTolerance;
            return _rows > 0 && _offOne <= tolerance
                ? ScoreKind.Probabilities
                : _rows > 0 && _offZero <= tolerance ? ScoreKind.LogProbabilities : ScoreKind.Logits;
        }
    }

    public void Add(ReadOnlySpan<double> row)
    {
        _rows++;
        if (_offOne > ManyTolerance && _offZero > ManyTolerance)
            return;

        var (least, most, sum, exponentials) = (double.PositiveInfinity, double.NegativeInfinity, 0.0, 0.0);
        foreach (var score in row)
        {
            (least, most, sum) = (Math.Min(least, score), Math.Max(most, score), sum + score);
            exponentials += score <= Rounding ? Math.Exp(score) : double.PositiveInfinity;
        }

        _offOne = Math.Max(_offOne, least >= -Rounding && most <= 1 + Rounding ? Math.Abs(sum - 1) : double.PositiveInfinity);
        _offZero = Math.Max(_offZero, most <= Rounding ? Math.Abs(Math.Log(exponentials)) : double.PositiveInfinity);
    }
}
