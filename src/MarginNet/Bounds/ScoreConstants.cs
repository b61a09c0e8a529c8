using static TorchSharp.torch;

namespace MarginNet.Bounds;

/// <summary>Upper bounds for the scores of a network: of each score, of each difference of two, and of all of them in ℓ2.</summary>
/// <param name="Euclidean">L₂.</param>
/// <param name="Scores">Lᵢ of fᵢ, length C.</param>
/// <param name="Pairs">L_ij of fᵢ − fⱼ, shape [C, C], zero on the diagonal.</param>
/// <param name="Method">What they came from.</param>
internal sealed record ScoreConstants(double Euclidean, double[] Scores, double[,] Pairs, string Method)
{
    /// <summary>The constants of the linear map Vx.</summary>
    public static ScoreConstants Of(BoundedMatrix matrix, string method = "")
    {
        using var scope = NewDisposeScope();
        var classes = (int)matrix.Rows;
        var scores = RowNorms(matrix.Value, matrix.Error);
        var pairs = new double[classes, classes];
        for (var i = 0; i + 1 < classes; i++)
        {
            // The rows of an error E have norms up to ‖E‖, their differences up to √2‖E‖.
            using var row = NewDisposeScope();
            var differences = RowNorms(matrix.Value[i] - matrix.Value[(i + 1)..], Rounding.ProductUp(matrix.Error, 1.4142135623730952));
            for (var j = i + 1; j < classes; j++)
            {
                pairs[i, j] = pairs[j, i] = Rounding.ProductUp(differences[j - i - 1], 1 + (4 * Rounding.Unit));
            }
        }

        return new(matrix.Norm().Value, scores, pairs, method);
    }

    /// <summary>Of scores that have nothing in common.</summary>
    public static ScoreConstants OfEach(double[] scores)
    {
        var pairs = new double[scores.Length, scores.Length];
        var all = new ScoreConstants(double.PositiveInfinity, scores, pairs, "");
        all.ForEachPair((i, j) => pairs[i, j] = Rounding.SumUp(scores[i], scores[j]));
        return all;
    }

    public static double[] RowNorms(Tensor rows, double error) =>
        Array.ConvertAll(FrobeniusNorm.OfEach(rows), norm => Rounding.SumUp(norm, error));

    public ScoreConstants Times(double factor) => Map(value => Rounding.ProductUp(value, factor));

    public ScoreConstants TimesPowerOfTwo(int exponent) => Map(value => Rounding.ScaleUp(value, exponent));

    public ScoreConstants Plus(ScoreConstants other) => Join(other, Rounding.SumUp);

    public ScoreConstants Min(ScoreConstants other) => Join(other, Math.Min);

    /// <summary>Where a gate follows the scores: afᵢ − bfⱼ with a and b in [0, 1] is largest at a corner.</summary>
    public ScoreConstants Gated()
    {
        var pairs = (double[,])Pairs.Clone();
        ForEachPair((i, j) => pairs[i, j] = Math.Max(pairs[i, j], Math.Max(Scores[i], Scores[j])));
        return this with { Pairs = pairs };
    }

    /// <summary>What the constants say of each other: Lᵢ ≤ L₂, L_ij ≤ min(Lᵢ + Lⱼ, √2 L₂) and L₂² ≤ Σ Lᵢ².</summary>
    public ScoreConstants Tightened()
    {
        var root = Rounding.RootUp(Scores.Aggregate(0.0, (sum, score) => Rounding.SumUp(sum, Rounding.ProductUp(score, score))));
        var euclidean = Math.Min(Euclidean, root);
        var scores = Array.ConvertAll(Scores, score => Math.Min(score, euclidean));
        var pairs = (double[,])Pairs.Clone();
        ForEachPair((i, j) => pairs[i, j] =
            Math.Min(pairs[i, j], Math.Min(Rounding.SumUp(scores[i], scores[j]), Rounding.ProductUp(euclidean, 1.4142135623730952))));
        return new(euclidean, scores, pairs, Method);
    }

    private ScoreConstants Map(Func<double, double> map) => Join(this, (value, _) => map(value));

    private ScoreConstants Join(ScoreConstants other, Func<double, double, double> join)
    {
        var pairs = new double[Scores.Length, Scores.Length];
        ForEachPair((i, j) => pairs[i, j] = join(Pairs[i, j], other.Pairs[i, j]));
        return new(join(Euclidean, other.Euclidean), [.. Scores.Zip(other.Scores, join)], pairs, Method);
    }

    private void ForEachPair(Action<int, int> action)
    {
        for (var i = 0; i < Scores.Length; i++)
        {
            for (var j = 0; j < Scores.Length; j++)
            {
                if (i != j)
                {
                    action(i, j);
                }
            }
        }
    }
}
