using System.Buffers;
using System.Collections.Immutable;
using System.Numerics.Tensors;
using MarginNet.Arrays;
using MarginNet.Margins;

namespace MarginNet.Detection;

/// <summary>
/// Rel-U (Dadalto et al. 2023): the uncertainty Σᵢⱼ dᵢⱼ pᵢ pⱼ of softmax probabilities p, with pairs of classes weighted by how much more
/// often wrong than right decisions waver between them.
/// </summary>
public sealed class RelativeUncertainty
{
    private readonly double[] _pairs; // d below the diagonal, row by row: row i is the i numbers from i(i − 1)/2 on

    /// <summary>Takes the weights of the pairs of classes.</summary>
    /// <param name="pairs">dᵢⱼ for j &lt; i, row by row, shape [C(C − 1)/2] with C ≥ 2, finite and at least 0.</param>
    /// <exception cref="ArgumentException">The length is none of those, or a number is out of range.</exception>
    public RelativeUncertainty(ReadOnlySpan<double> pairs)
    {
        ClassCount = (int)Math.Round((1 + Math.Sqrt(1 + (8.0 * pairs.Length))) / 2);
        if (pairs.IsEmpty || PairsOf(ClassCount) != pairs.Length)
            throw new ArgumentException($"Expected C(C - 1)/2 weights of pairs of C >= 2 classes, but got {pairs.Length}.", nameof(pairs));

        foreach (var pair in pairs)
            if (pair is not (>= 0 and < double.PositiveInfinity))
                throw new ArgumentException(
                    FormattableString.Invariant($"Expected finite weights of at least 0, but got {pair}."), nameof(pairs));

        _pairs = pairs.ToArray();
    }

    /// <summary>The number of classes C.</summary>
    public int ClassCount { get; }

    /// <summary>The weights dᵢⱼ for j &lt; i, row by row, shape [C(C − 1)/2].</summary>
    public ImmutableArray<double> Pairs => [.. _pairs];

    /// <summary>
    /// Fits d = max(0, λ E[p pᵀ | wrong] − (1 − λ) E[p pᵀ | right]) off the diagonal, scaled to the Frobenius norm 1; all pairs
    /// alike, which is
    /// Gini's coefficient, where no number is positive, as without wrong decisions.
    /// </summary>
    /// <param name="logits">Class scores f of samples other than those to be scored, shape [N, C] with C ≥ 2, finite.</param>
    /// <param name="labels">True classes, shape [N].</param>
    /// <param name="lambda">The weight λ of wrong decisions, in [0, 1]. Default 0.5, the authors'.</param>
    /// <returns>The fitted uncertainty. It takes N C²/2 multiplications.</returns>
    /// <exception cref="ArgumentException">There are fewer than two classes, not one label for each sample, or λ is out of
    /// range.</exception>
    public static RelativeUncertainty Fit(NumericArray logits, ReadOnlySpan<int> labels, double lambda = 0.5)
    {
        ArgumentNullException.ThrowIfNull(logits);
        ArgumentOutOfRangeException.ThrowIfLessThan(logits.Columns, 2, nameof(logits));
        if (labels.Length != logits.Rows)
            throw new ArgumentException($"Expected {logits.Rows} labels, one for each sample, but got {labels.Length}.", nameof(labels));
        if (lambda is not (>= 0 and <= 1))
            throw new ArgumentOutOfRangeException(nameof(lambda), lambda, "Expected a weight in [0, 1].");

        var (right, wrong) = (new double[PairsOf(logits.Columns)], new double[PairsOf(logits.Columns)]);
        var (rightCount, p) = (0, new double[logits.Columns]);
        for (var n = 0; n < logits.Rows; n++)
        {
            var isRight = DecisionMargin.Compute(logits.Row(n)).Class == labels[n];
            rightCount += isRight ? 1 : 0;
            LogitScores.Softmax(logits.Row(n), p);
            for (var i = 1; i < p.Length; i++)
            {
                var row = (isRight ? right : wrong).AsSpan(PairsOf(i), i);
                TensorPrimitives.MultiplyAdd(p.AsSpan(0, i), p[i], row, row);
            }
        }

        TensorPrimitives.Multiply(wrong, lambda / Math.Max(1, logits.Rows - rightCount), wrong);
        TensorPrimitives.Multiply(right, (1 - lambda) / Math.Max(1, rightCount), right);
        TensorPrimitives.Subtract(wrong, right, wrong);
        TensorPrimitives.Max(wrong, 0, wrong);
        var norm = Math.Sqrt(2) * TensorPrimitives.Norm<double>(wrong);
        if (norm > 0)
            TensorPrimitives.Divide(wrong, norm, wrong);
        else
            Array.Fill(wrong, 1 / Math.Sqrt(2.0 * wrong.Length));

        return new RelativeUncertainty(wrong);
    }

    /// <summary>Computes −Σᵢⱼ dᵢⱼ pᵢ pⱼ with p = softmax(f), larger for typical samples, without allocation.</summary>
    /// <param name="logits">Class scores f, shape [C], finite.</param>
    /// <returns>A number in [−1, 0] where d has norm 1.</returns>
    /// <exception cref="ArgumentException">There are not as many logits as classes.</exception>
    public double Score(ReadOnlySpan<double> logits)
    {
        if (logits.Length != ClassCount)
            throw new ArgumentException($"Expected the logits of {ClassCount} classes, but got {logits.Length}.", nameof(logits));

        var rented = ArrayPool<double>.Shared.Rent(ClassCount);
        var p = rented.AsSpan(0, ClassCount);
        LogitScores.Softmax(logits, p);
        var sum = 0.0;
        for (var i = 1; i < p.Length; i++)
            sum += p[i] * TensorPrimitives.Dot(_pairs.AsSpan(PairsOf(i), i), p[..i]);

        ArrayPool<double>.Shared.Return(rented);
        return -2 * sum;
    }

    private static int PairsOf(int classes) => classes * (classes - 1) / 2;
}
