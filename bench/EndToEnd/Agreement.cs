using MarginNet.Data;
using MarginNet.Losses;
using MarginNet.Models;
using MarginNet.Training;
using static TorchSharp.torch;

namespace MarginNet.EndToEnd;

/// <summary>Whether both networks give the same scores for the same weights: else the speeds compare different work.</summary>
internal static class Agreement
{
    public const double Tolerance = 1e-4;

    /// <summary>Computes the largest difference between two scores of an image,
    /// after some steps of training that move the running means of batch-norm.</summary>
    public static double LargestDifference(Problem problem)
    {
        var data = SyntheticShapes.Create(8 * problem.Batch, 64);
        using var network = MarginNetContender.CreateNetwork(problem);
        _ = MarginTrainer.Train(network, data.Train, new() { Loss = MarginLoss.CrossEntropy, Epochs = 1, BatchSize = problem.Batch });
        var own = network.Score(data.Test);

        using var plain = PlainContender.Copy(network);
        using var test = new PlainData(data.Test, problem.Network.Normalization);
        using var scope = NewDisposeScope();
        var scores = PlainContender.Score(plain, test, Scoring.DefaultBatchSize).data<float>().ToArray();
        return Enumerable.Range(0, scores.Length).Max(i => Math.Abs((double)scores[i] - own[i / own.ClassCount][i % own.ClassCount]));
    }
}
