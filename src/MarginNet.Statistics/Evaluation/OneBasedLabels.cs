namespace MarginNet.Evaluation;

/// <summary>Tells labels that were counted from 1, as some programs do, from labels counted from 0.</summary>
public static class OneBasedLabels
{
    private const double Deviations = 3;

    /// <summary>
    /// Whether labels seem to be counted from 1: none is 0, at least two differ, and the decisions agree with the labels less 1
    /// more often than with the labels, by more than three standard deviations of the difference.
    /// </summary>
    /// <param name="labels">True classes as they were given, length N, each in [0, C); or −1 where unknown, which is never suspect.</param>
    /// <param name="decisions">Decided classes, length N.</param>
    /// <exception cref="ArgumentException">There is not one label for each decision.</exception>
    public static bool AreSuspect(ReadOnlySpan<int> labels, ReadOnlySpan<int> decisions)
    {
        if (labels.Length != decisions.Length)
        {
            throw new ArgumentException(
                $"Expected {decisions.Length} labels, one for each decision, but got {labels.Length}.", nameof(labels));
        }

        var (right, rightLessOne, differ) = (0, 0, false);
        for (var i = 0; i < labels.Length; i++)
        {
            if (labels[i] <= 0)
            {
                return false;
            }

            right += decisions[i] == labels[i] ? 1 : 0;
            rightLessOne += decisions[i] == labels[i] - 1 ? 1 : 0;
            differ |= labels[i] != labels[0];
        }

        return differ && rightLessOne - right > Deviations * Math.Sqrt(rightLessOne + right);
    }
}
