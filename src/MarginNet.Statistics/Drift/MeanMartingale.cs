namespace MarginNet.Drift;

/// <summary>The mean capital of several martingales, S = (S₁ + … + Sₖ)/k, which is one, too: at least a k-th of the best of them.</summary>
public sealed class MeanMartingale : TestMartingale
{
    private readonly TestMartingale[] _parts;

    /// <summary>Begins with an equal share for each.</summary>
    /// <param name="parts">The martingales, one at least, each with a capital of 1; from now on bet by this one.</param>
    /// <exception cref="ArgumentException">There is none.</exception>
    public MeanMartingale(params TestMartingale[] parts) =>
        _parts = parts.Length > 0 ? [.. parts] : throw new ArgumentException("Expected one martingale at least.", nameof(parts));

    private protected override void Bet(double p)
    {
        var (largest, sum) = (double.NegativeInfinity, 0.0);
        foreach (var part in _parts)
        {
            part.Add(p);
            largest = Math.Max(largest, part.LogValue);
        }

        foreach (var part in _parts)
        {
            sum += Math.Exp(part.LogValue - largest);
        }

        LogValue = largest + Math.Log(sum / _parts.Length);
    }

    internal override double[] ToNumbers() => [LogValue, .. _parts.SelectMany(part => part.ToNumbers())];

    internal override void Restore(ReadOnlySpan<double> numbers)
    {
        LogValue = numbers[0];
        var rest = numbers[1..];
        foreach (var part in _parts)
        {
            part.Restore(rest);
            rest = rest[part.ToNumbers().Length..];
        }
    }
}
