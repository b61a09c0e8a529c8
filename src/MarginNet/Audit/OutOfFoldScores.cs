using MarginNet.Data;
using MarginNet.Margins;
using MarginNet.Models;
using MarginNet.Training;

namespace MarginNet.Audit;

/// <summary>Scores of samples by networks that were not trained on them: K networks, each trained on all folds but one.</summary>
public static class OutOfFoldScores
{
    /// <summary>Trains K networks, and has each score the fold that it did not see.</summary>
    /// <param name="create">Makes a fresh network for the samples that it will be trained on, on the device where it is to be.</param>
    /// <param name="train">The samples, each with a label.</param>
    /// <param name="folds">K, at least 2.</param>
    /// <param name="options">How to train; its seed also parts the folds.</param>
    /// <param name="progress">Told what <see cref="MarginTrainer"/> reports of each network; the second argument is the fold, from 0.
    /// Null for nobody.</param>
    /// <param name="cancellation">Stops the training.</param>
    /// <returns>The scores, shape [N, C].</returns>
    /// <exception cref="ArgumentException">The options contradict each other or the data, or keep a state.</exception>
    /// <exception cref="DivergenceException">A loss became NaN or infinite.</exception>
    /// <exception cref="OperationCanceledException">Asked to stop.</exception>
    public static ScoreMatrix Compute(
        Func<ImageSet, Classifier> create, ImageSet train, int folds, TrainingOptions options,
        Action<TrainingProgress, int>? progress = null, CancellationToken cancellation = default)
    {
        if (options.Checkpoints is not null)
        {
            throw new ArgumentException("The networks of folds keep no state.", nameof(options));
        }

        var fold = StratifiedFolds.Compute(train.Labels, folds, options.Seed);
        float[][] scores = new float[train.Count][];
        for (var k = 0; k < folds; k++)
        {
            int[] Members(bool isHeldOut) => [.. Enumerable.Range(0, train.Count).Where(i => fold[i] == k == isHeldOut)];

            var (rest, heldOut) = (train.Select(Members(isHeldOut: false)), Members(isHeldOut: true));
            using var network = create(rest);
            var told = progress is null ? null : new Told(progress, k);
            MarginTrainer.Train(network, rest, options, progress: told, cancellation: cancellation);
            var own = network.Score(train.Select(heldOut), cancellation: cancellation);
            for (var i = 0; i < heldOut.Length; i++)
            {
                scores[heldOut[i]] = own[i].ToArray();
            }
        }

        return new([.. scores.SelectMany(row => row)], scores[0].Length);
    }

    private sealed class Told(Action<TrainingProgress, int> progress, int fold) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value) => progress(value, fold);
    }
}
