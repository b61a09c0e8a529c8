namespace MarginNet.Drift;

/// <summary>The power martingale, f(p) = ε p^(ε − 1): a bet on small p-values (Vovk, Nouretdinov and Gammerman, 2003).</summary>
public sealed class PowerMartingale : TestMartingale
{
    private readonly double _exponent;
    private readonly double _logExponent;

    /// <summary>Begins with a capital of 1.</summary>
    /// <param name="exponent">ε in (0, 1]: the smaller, the bolder the bet; 1 bets nothing.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="exponent"/> is out of range.</exception>
    public PowerMartingale(double exponent)
    {
        if (exponent is not (> 0 and <= 1))
        {
            throw new ArgumentOutOfRangeException(nameof(exponent), exponent, "Expected an exponent in (0, 1].");
        }

        (_exponent, _logExponent) = (exponent, Math.Log(exponent));
    }

    private protected override void Bet(double p) => LogValue += _logExponent + ((_exponent - 1) * Math.Log(p));

    internal override double[] ToNumbers() => [LogValue];

    internal override void Restore(ReadOnlySpan<double> numbers) => LogValue = numbers[0];
}
