using MarginNet.Data;
using static TorchSharp.torch;

namespace MarginNet.Training;

/// <summary>
/// Margin training, section III: trains the network on weighted margin constraints, raises the weights λ of those that are
/// violated, and trains on, until all are met or the rounds are used up.
/// </summary>
public static class MarginTrainer
{
    /// <summary>Trains a network in place, on the device it is on.</summary>
    /// <param name="network">A classifier of images [N, channels, height, width] in [0, 1] that returns scores [N, C];
    /// left in evaluation mode.</param>
    /// <param name="train">The training samples, at least one, each with a label in [0, C).</param>
    /// <param name="options">How to train; null for the paper's setting.</param>
    /// <param name="test">Samples whose accuracy is reported after each epoch; null for none.</param>
    /// <param name="progress">Told each step, epoch and round, on the calling thread.</param>
    /// <param name="cancellation">Stops between two steps; the network keeps the weights it has by then.</param>
    /// <returns>The constraints, the dual weights and the scores of the training set after the last round.</returns>
    /// <remarks>
    /// The same network, data, options and number of threads give the same weights, byte for byte, on a CPU. A network with
    /// randomness of its own (dropout) draws it from torch's global generator.
    /// With <see cref="TrainingOptions.Checkpoints"/> that holds for a run that is killed and resumed, too.
    /// </remarks>
    /// <exception cref="ArgumentException">The options contradict each other or the data, or a sample has no label.</exception>
    /// <exception cref="DivergenceException">The loss became NaN or infinite, and no rollback was left.</exception>
    /// <exception cref="InvalidDataException">The state to resume is of other settings or data,
    /// or both of its files are damaged.</exception>
    /// <exception cref="IOException">The first state cannot be written; a later failure is a <see cref="TrainingWarning"/>.</exception>
    /// <exception cref="OperationCanceledException">Asked to stop.</exception>
    public static TrainingResult Train(
        nn.Module<Tensor, Tensor> network,
        ImageSet train,
        TrainingOptions? options = null,
        ImageSet? test = null,
        IProgress<TrainingProgress>? progress = null,
        CancellationToken cancellation = default)
    {
        options ??= new();
        options.ThrowIfInvalid();
        ArgumentOutOfRangeException.ThrowIfZero(train.Count, nameof(train));
        var unlabelled = train.Labels.IndexOf(ImageSet.UnknownLabel);
        if (unlabelled >= 0)
        {
            throw new ArgumentException($"Training sample {unlabelled} has no label.", nameof(train));
        }

        using var run = new TrainingRun(network, train, test, options, progress, cancellation);
        return run.Run();
    }
}
