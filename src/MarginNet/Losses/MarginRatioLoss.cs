using MarginNet.Margins;
using static TorchSharp.torch;

namespace MarginNet.Losses;

/// <summary>The margin-ratio loss, equation (6), for rectified scores (condition (1): f ≥ 0).</summary>
public static class MarginRatioLoss
{
    /// <summary>The least value the numerator f_c takes, so that a true class behind a dead ReLU costs much, not +∞.</summary>
    public const double ScoreFloor = 1e-6;

    /// <summary>Computes −log( max(f_c, ε) / ((C−1)μ + Σ over i ≠ c of f_i) ), with ε = <see cref="ScoreFloor"/>.</summary>
    /// <param name="logits">Class scores f ≥ 0, shape [N, C] with C ≥ 2.</param>
    /// <param name="labels">True classes c, shape [N], int64, each in [0, C).</param>
    /// <param name="targetMargins">Prescribed margins μ > 0, a scalar or shape [N].</param>
    /// <returns>Losses, shape [N]; a value ≤ 0 implies a margin of at least μ. The caller disposes it.</returns>
    /// <exception cref="ArgumentException">A shape or type is not the one stated, or a score is negative.</exception>
    public static Tensor Compute(Tensor logits, Tensor labels, Tensor targetMargins)
    {
        ClassScores.ThrowIfMismatched(logits, labels);
        using var scope = NewDisposeScope();
        ThrowIfNegative(logits);
        var own = ClassScores.Own(logits, labels);
        var rivals = logits.sum(1) - own;
        var required = ((logits.shape[1] - 1) * targetMargins.to(logits.dtype)) + rivals;
        var loss = required.log() - own.clamp_min(ScoreFloor).log();
        return loss.MoveToOuterDisposeScope();
    }

    private static void ThrowIfNegative(Tensor logits)
    {
        var lowest = logits.detach().amin(1);
        var index = lowest.argmin().item<long>();
        var score = lowest[index].to(ScalarType.Float64).item<double>();
        if (score < 0)
        {
            throw new ArgumentException(
                $"Sample {index} has the score {score:g6}: the margin-ratio loss (6) needs scores >= 0, "
                + "as from a network that ends in a ReLU.",
                nameof(logits));
        }
    }
}
