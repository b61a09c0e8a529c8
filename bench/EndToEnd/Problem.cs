using MarginNet.Data;
using MarginNet.Models;

namespace MarginNet.EndToEnd;

/// <summary>What every contender is given: the sizes, and hyperparameters that are the same for all.</summary>
/// <param name="Width">Channels of ResNet-18's first stage.</param>
/// <param name="Batch">Images in a step of training, or in a pass of scoring.</param>
/// <param name="Seed">Of the initial weights and of the order of the samples.</param>
internal sealed record Problem(int Width, int Batch, int Seed = 0)
{
    /// <summary>Steps, or passes, before the clock starts: the first ones allocate and choose kernels.</summary>
    public const int WarmupBatches = 2;

    /// <summary>μ of equation (7), the loss of all contenders.</summary>
    public const double TargetMargin = 5;

    public const double LearningRate = 1e-3;

    public ResNetOptions Network => new() { Width = Width, ClassCount = SyntheticShapes.ClassNames.Length };

    /// <summary>Draws images to warm up with and <paramref name="timed"/> more, whole batches of both.</summary>
    public ImageSet Draw(int timed) => SyntheticShapes.Create((WarmupBatches + ((timed + Batch - 1) / Batch)) * Batch, 0).Train;
}
