namespace MarginNet.Verification;

/// <summary>Boxes shrink to where linear functions are not positive.</summary>
internal static class BoxContraction
{
    private const int Rounds = 3;
    private const double Underflow = 1e-280;
    private const double LeastCut = 0.999; // Of the width that is left; less is not worth a new box.

    /// <summary>Shrinks a box by each of some rows, several times over.</summary>
    /// <param name="rows">The rows.</param>
    /// <param name="chosen">Which of them hold together.</param>
    /// <param name="lower">The box, which is changed.</param>
    /// <param name="upper">Its upper ends.</param>
    /// <returns>Whether nothing is left: one of the functions is positive everywhere.</returns>
    public static bool Empties(LinearRows rows, ReadOnlySpan<int> chosen, Span<double> lower, Span<double> upper)
    {
        for (var round = 0; round < Rounds; round++)
        {
            var isCut = false;
            foreach (var row in chosen)
            {
                var least = rows.Minimum(row, lower, upper);
                if (IsPositive(least))
                {
                    return true;
                }

                isCut |= Cut(rows.Gradient(row), least, lower, upper);
            }

            if (!isCut || chosen.Length == 1)
            {
                break;
            }
        }

        return false;
    }

    /// <summary>Whether a bound proves something: neither NaN, nor what overflowed or may have underflowed.</summary>
    public static bool IsPositive(double bound) => bound > Underflow && double.IsFinite(bound);

    /// <summary>Shrinks a box to where a linear function is not positive.</summary>
    /// <param name="gradient">Its gradient g.</param>
    /// <param name="least">A lower bound of its minimum in the box: at most 0.</param>
    /// <param name="lower">The box, which is changed.</param>
    /// <param name="upper">Its upper ends.</param>
    public static bool Cut(ReadOnlySpan<double> gradient, double least, Span<double> lower, Span<double> upper)
    {
        var isCut = false;
        for (var j = 0; j < gradient.Length; j++)
        {
            // From the corner where it is least it can rise by −least only.
            var room = Math.BitIncrement((Math.Max(0, -least) + Underflow) / Math.Abs(gradient[j]));
            if (!(room < (upper[j] - lower[j]) * LeastCut))
            {
                continue;
            }

            isCut = true;
            if (gradient[j] > 0)
            {
                upper[j] = Math.Min(upper[j], Math.BitIncrement(lower[j] + room));
            }
            else
            {
                lower[j] = Math.Max(lower[j], Math.BitDecrement(upper[j] - room));
            }
        }

        return isCut;
    }
}
