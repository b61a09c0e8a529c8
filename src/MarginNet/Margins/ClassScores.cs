using static TorchSharp.torch;

namespace MarginNet.Margins;

/// <summary>What margins and losses share: the shape of class scores, and the strongest rival of a class.</summary>
internal static class ClassScores
{
    /// <summary>Requires scores of shape [N, C] with C ≥ 2: a single class has no margin.</summary>
    public static void ThrowIfNotMatrix(Tensor logits)
    {
        if (logits.dim() != 2 || logits.shape[1] < 2)
        {
            throw new ArgumentException($"Expected class scores of shape [N, C] with C >= 2, but got {Shape(logits)}.", nameof(logits));
        }
    }

    /// <summary>Requires scores [N, C] with C ≥ 2 and one int64 label for each.</summary>
    public static void ThrowIfMismatched(Tensor logits, Tensor labels)
    {
        ThrowIfNotMatrix(logits);
        if (labels.dim() != 1 || labels.shape[0] != logits.shape[0] || labels.dtype != ScalarType.Int64)
        {
            throw new ArgumentException(
                $"Expected int64 labels of shape [{logits.shape[0]}], but got {labels.dtype} {Shape(labels)}.", nameof(labels));
        }
    }

    /// <summary>Requires every score to be finite, and names the first sample that has one that is not.</summary>
    public static void ThrowIfNotFinite(Tensor logits)
    {
        using var scope = NewDisposeScope();
        var finite = logits.detach().isfinite().all(1);
        if (!finite.all().item<bool>())
        {
            var index = finite.logical_not().to(ScalarType.Int32).argmax().item<long>();
            throw new ArgumentException(
                $"Sample {index} has a score that is NaN or infinite: a margin needs finite scores.", nameof(logits));
        }
    }

    /// <summary>Picks f_c, the score of the labelled class, shape [N].</summary>
    public static Tensor Own(Tensor logits, Tensor labels) => logits.gather(1, labels.unsqueeze(1)).squeeze(1);

    /// <summary>
    /// Picks max over i ≠ c of f_i, shape [N]. At a tie the whole subgradient goes to one of the tied classes, never split.
    /// </summary>
    public static Tensor StrongestRival(Tensor logits, Tensor labels)
    {
        var own = labels.unsqueeze(1);
        var excluded = full(own.shape, double.NegativeInfinity, dtype: logits.dtype, device: logits.device);
        return logits.scatter(1, own, excluded).max(1).values; // amax would split the gradient among tied classes.
    }

    private static string Shape(Tensor tensor) => $"[{string.Join(", ", tensor.shape)}]";
}
