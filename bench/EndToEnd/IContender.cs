using MarginNet.Data;

namespace MarginNet.EndToEnd;

/// <summary>A way to train and score ResNet-18.</summary>
internal interface IContender
{
    /// <summary>Trains for one epoch and computes images per second, the first <see cref="Problem.WarmupBatches"/> steps
    /// left out.</summary>
    double TrainingSpeed(ImageSet images, Problem problem);

    /// <summary>Scores all images and computes images per second, the first <see cref="Problem.WarmupBatches"/> passes left out.</summary>
    double ScoringSpeed(ImageSet images, Problem problem);

    /// <summary>Trains, testing after each epoch, until the test accuracy is at least <paramref name="accuracy"/>.</summary>
    /// <returns>The seconds that took, tests included, and the epochs; null if <paramref name="maxEpochs"/> were not enough.</returns>
    (double Seconds, int Epochs)? TimeTo(double accuracy, ImageDataset data, Problem problem, int maxEpochs);
}
