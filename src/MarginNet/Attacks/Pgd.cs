using static TorchSharp.torch;

namespace MarginNet.Attacks;

/// <summary>
/// Projected gradient ascent (Madry et al., 2018): steps of steepest ascent, each projected back onto the ball of radius ε and
/// [0, 1], from the image itself and from random points. Of all images met, the start included, the strongest is kept for each
/// sample: a misclassified one before any other, then the one of the largest objective.
/// </summary>
/// <remarks>More steps of the same length, or more restarts, therefore never give a weaker image.</remarks>
public static class Pgd
{
    /// <summary>Attacks a batch of images.</summary>
    /// <param name="network">
    /// The network whose gradient is followed, the attacked one itself or a surrogate; run in evaluation mode, its own mode and
    /// the gradients of its parameters unchanged. No other thread may train it meanwhile.
    /// </param>
    /// <param name="images">Images x in [0, 1], shape [N, channels, height, width].</param>
    /// <param name="labels">True classes c, shape [N], int64.</param>
    /// <param name="options">The ball, the objective, the steps and the starts.</param>
    /// <returns>The attacked images, of the shape of <paramref name="images"/>; the caller disposes them.</returns>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of range.</exception>
    /// <exception cref="InvalidDataException">A score of the network is NaN or infinite.</exception>
    public static Tensor Perturb(nn.Module<Tensor, Tensor> network, Tensor images, Tensor labels, AttackOptions options)
    {
        options.ThrowIfInvalid();
        using var scope = NewDisposeScope();
        using var attacked = new AttackedNetwork(network);
        int[] numbers = [.. Enumerable.Range(0, (int)images.shape[0])];
        return Run(attacked, images, labels, options, numbers, CancellationToken.None).Images.MoveToOuterDisposeScope();
    }

    /// <param name="network">The network.</param>
    /// <param name="images">Images x.</param>
    /// <param name="labels">True classes c.</param>
    /// <param name="options">The ball, the objective, the steps and the starts.</param>
    /// <param name="numbers">The number of each image, for its random starts.</param>
    /// <param name="cancellation">Stops between steps.</param>
    /// <param name="epsilons">An ε of its own for each image, shape [N]; null for that of the options.</param>
    internal static AttackBatch Run(
        AttackedNetwork network, Tensor images, Tensor labels, AttackOptions options, int[] numbers, CancellationToken cancellation,
        double[]? epsilons = null)
    {
        var center = images.detach();
        var ball = new AttackBall(center, options, epsilons);
        var (logits, objective, gradients) = network.Differentiate(center, labels, options.Objective);
        var (clean, isStuck) = (logits, AttackBatch.AreZero(gradients));
        var best = new Strongest(center, logits, objective, labels);
        for (var start = 0; start < options.Restarts; start++)
        {
            var point = start == 0 ? center.clone() : ball.RandomPoints(start, numbers);
            for (var step = 0; step < options.Steps; step++)
            {
                cancellation.ThrowIfCancellationRequested();
                using var scope = NewDisposeScope();
                if (start > 0 || step > 0)
                {
                    (logits, objective, gradients) = network.Differentiate(point, labels, options.Objective);
                    best.Offer(point, logits, objective);
                }

                point.copy_(ball.Project(point + ball.Step(gradients, ball.StepLengths)));
            }

            using var last = NewDisposeScope();
            logits = network.Score(point);
            best.Offer(point, logits, options.Objective.Compute(logits, labels));
        }

        return new(best.Images, clean, best.Logits, isStuck);
    }

    /// <summary>The strongest image met so far of every sample.</summary>
    private sealed class Strongest(Tensor images, Tensor logits, Tensor objective, Tensor labels)
    {
        private readonly Tensor _objective = objective.clone();
        private readonly Tensor _isWrong = IsWrong(logits, labels);

        public Tensor Images { get; } = images.clone();

        public Tensor Logits { get; } = logits.clone();

        public void Offer(Tensor images, Tensor logits, Tensor objective)
        {
            var isWrong = IsWrong(logits, labels);
            var isBetter = isWrong.eq(_isWrong).logical_and(objective.gt(_objective)).logical_or(isWrong.gt(_isWrong));
            _objective.copy_(where(isBetter, objective, _objective));
            _isWrong.copy_(where(isBetter, isWrong, _isWrong));
            Logits.copy_(where(isBetter.unsqueeze(1), logits, Logits));
            Images.copy_(where(isBetter.reshape(-1, 1, 1, 1), images, Images));
        }

        private static Tensor IsWrong(Tensor logits, Tensor labels) => logits.argmax(1).ne(labels);
    }
}
