namespace MarginNet.Drift;

/// <summary>
/// The simple jumper (Vovk et al., Retrain or not retrain, 2021): capital in three accounts that bet 1 + e(p − ½) with e = −1, 0 and 1,
/// on small p-values, on
/// nothing and on large ones. Before each p-value a share J of all is spread over the three anew, so that it adapts to changes.
/// </summary>
public sealed class SimpleJumper : TestMartingale
{
    /// <summary>The jump rate of the paper, 0.01.</summary>
    public const double DefaultJumpRate = 0.01;

    private readonly double _jumpRate;
    private double _small = 1.0 / 3; // The shares of the capital.
    private double _none = 1.0 / 3;
    private double _large = 1.0 / 3;

    /// <summary>Begins with a capital of 1, a third in each account.</summary>
    /// <param name="jumpRate">J in [0, 1]; 0 for none.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="jumpRate"/> is out of range.</exception>
    public SimpleJumper(double jumpRate = DefaultJumpRate)
    {
        _jumpRate = jumpRate is >= 0 and <= 1
            ? jumpRate
            : throw new ArgumentOutOfRangeException(nameof(jumpRate), jumpRate, "Expected a jump rate in [0, 1].");
    }

    private protected override void Bet(double p)
    {
        double Jump(double share) => ((1 - _jumpRate) * share) + (_jumpRate / 3);

        var (small, none, large) = (Jump(_small) * (1.5 - p), Jump(_none), Jump(_large) * (0.5 + p));
        var factor = small + none + large;
        (_small, _none, _large) = (small / factor, none / factor, large / factor);
        LogValue += Math.Log(factor);
    }

    internal override double[] ToNumbers() => [LogValue, _small, _none, _large];

    internal override void Restore(ReadOnlySpan<double> numbers) =>
        (LogValue, _small, _none, _large) = (numbers[0], numbers[1], numbers[2], numbers[3]);
}
