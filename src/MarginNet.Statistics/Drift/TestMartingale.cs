namespace MarginNet.Drift;

/// <summary>
/// A bet against p-values that are independent and uniform on [0, 1]: a capital S, at first 1, that each p-value p multiplies by f(p),
/// where
/// the bet f ≥ 0 with ∫₀¹ f(p) dp = 1 is made before p is seen. If they are uniform, S is a martingale and ever reaches 1/α with a
/// probability of
/// at most α (Ville's inequality): a large S is evidence that they are not.
/// </summary>
public abstract class TestMartingale
{
    private protected TestMartingale()
    {
    }

    /// <summary>ln S, at first 0.</summary>
    public double LogValue { get; private protected set; }

    /// <summary>Bets on one more p-value.</summary>
    /// <param name="pValue">The p-value p, in [0, 1]; 0 counts as the smallest number above it.</param>
    /// <returns>ln f(p), by how much <see cref="LogValue"/> grew.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="pValue"/> is not in [0, 1].</exception>
    public double Add(double pValue)
    {
        if (pValue is not (>= 0 and <= 1))
        {
            throw new ArgumentOutOfRangeException(nameof(pValue), pValue, "Expected a p-value in [0, 1].");
        }

        var before = LogValue;
        Bet(Math.Max(pValue, double.Epsilon));
        return LogValue - before;
    }

    private protected abstract void Bet(double p);

    /// <summary>The numbers by which <see cref="Restore"/> goes on to the last bit.</summary>
    internal abstract double[] ToNumbers();

    internal abstract void Restore(ReadOnlySpan<double> numbers);
}
