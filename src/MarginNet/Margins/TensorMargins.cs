using static TorchSharp.torch;

namespace MarginNet.Margins;

/// <summary>Margins and scores of tensors: what <see cref="DecisionMargin"/>, <see cref="LabelledMargin"/> and <see cref="ScoreMatrix"/>
/// say of numbers in managed memory, said of those of LibTorch. Called as their own: <c>DecisionMargin.Compute(logits)</c>.</summary>
public static class TensorMargins
{
    extension(DecisionMargin)
    {
        /// <summary>Computes μ_f(x) = f_ĉ(x) − max over i ≠ ĉ of f_i(x), with ĉ = argmax f, equation (2).</summary>
        /// <param name="logits">Class scores f, shape [N, C] with C ≥ 2, finite.</param>
        /// <returns>Margins, shape [N], each ≥ 0; differentiable in <paramref name="logits"/>; the caller disposes it.</returns>
        /// <exception cref="ArgumentException">The shape is not [N, C] with C ≥ 2, or a score is NaN or infinite.</exception>
        public static Tensor Compute(Tensor logits)
        {
            ClassScores.ThrowIfNotMatrix(logits);
            ClassScores.ThrowIfNotFinite(logits);
            using var scope = NewDisposeScope();
            var best = logits.topk(2, 1).values;
            return (best.select(1, 0) - best.select(1, 1)).MoveToOuterDisposeScope();
        }
    }

    extension(LabelledMargin)
    {
        /// <summary>Computes mᵢ = fᵢ[cᵢ] − max over j ≠ cᵢ of fᵢ[j].</summary>
        /// <param name="logits">Class scores f, shape [N, C] with C ≥ 2, finite.</param>
        /// <param name="labels">True classes c, shape [N], int64, each in [0, C).</param>
        /// <returns>Margins m, shape [N]; differentiable in <paramref name="logits"/>; the caller disposes it.</returns>
        /// <exception cref="ArgumentException">A shape or type is not the one stated, or a score is NaN or infinite.</exception>
        public static Tensor Compute(Tensor logits, Tensor labels)
        {
            ClassScores.ThrowIfMismatched(logits, labels);
            ClassScores.ThrowIfNotFinite(logits);
            using var scope = NewDisposeScope();
            var margin = ClassScores.Own(logits, labels) - ClassScores.StrongestRival(logits, labels);
            return margin.MoveToOuterDisposeScope();
        }
    }

    extension(ScoreMatrix)
    {
        /// <summary>Copies a tensor of scores out of LibTorch.</summary>
        /// <param name="logits">Class scores, shape [N, C] with C ≥ 2, any floating type, on any device.</param>
        /// <exception cref="ArgumentException">The shape is not the one stated, or a score is NaN or infinite.</exception>
        public static ScoreMatrix FromTensor(Tensor logits)
        {
            ClassScores.ThrowIfNotMatrix(logits);
            using var values = logits.detach().cpu().to(ScalarType.Float32).contiguous();
            return new ScoreMatrix(values.data<float>().ToArray(), (int)logits.shape[1]);
        }
    }
}
