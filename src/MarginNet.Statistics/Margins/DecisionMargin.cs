using System.Numerics;

namespace MarginNet.Margins;

/// <summary>The lead of the decided class over the runner-up, equation (2): never negative, and exactly 0 at a tie.</summary>
public static class DecisionMargin
{
    /// <summary>Computes equation (2) for one sample, without LibTorch or allocation.</summary>
    /// <param name="scores">Class scores f of one sample, length C ≥ 2, none NaN.</param>
    /// <returns>The decided class ĉ, the lowest index among tied ones, and its margin.</returns>
    /// <exception cref="ArgumentException">There are fewer than two scores.</exception>
    public static (int Class, double Margin) Compute(ReadOnlySpan<float> scores) => Decide(scores);

    /// <summary>Computes equation (2) for one sample in double precision, without LibTorch or allocation.</summary>
    /// <inheritdoc cref="Compute(ReadOnlySpan{float})"/>
    public static (int Class, double Margin) Compute(ReadOnlySpan<double> scores) => Decide(scores);

    private static (int Class, double Margin) Decide<T>(ReadOnlySpan<T> scores)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        ThrowIfTooFew(scores);
        var decided = scores[1] > scores[0] ? 1 : 0;
        var (first, second) = (scores[decided], scores[1 - decided]);
        for (var i = 2; i < scores.Length; i++)
        {
            if (scores[i] > first)
            {
                (decided, first, second) = (i, scores[i], first);
            }
            else
            {
                second = T.Max(second, scores[i]);
            }
        }

        return (decided, double.CreateTruncating(first) - double.CreateTruncating(second));
    }

    internal static void ThrowIfTooFew<T>(ReadOnlySpan<T> scores)
    {
        if (scores.Length < 2)
        {
            throw new ArgumentException($"A margin needs the scores of at least 2 classes, but got {scores.Length}.", nameof(scores));
        }
    }
}
