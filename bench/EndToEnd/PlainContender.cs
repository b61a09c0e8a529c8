using System.Diagnostics;
using MarginNet.Data;
using MarginNet.Models;
using static TorchSharp.torch;

namespace MarginNet.EndToEnd;

/// <summary>The loops a TorchSharp user would write: bytes to normalised float batches, the loss, backward, step.</summary>
/// <remarks>The same initial weights, order of samples and loss as <see cref="MarginNetContender"/>. LibTorch is loaded by MarginNet,
/// with its defaults for OpenMP.</remarks>
internal sealed class PlainContender : IContender
{
    public double TrainingSpeed(ImageSet images, Problem problem)
    {
        using var network = new PlainResNet18(problem.Width, problem.Network.ClassCount);
        using var optimizer = optim.Adam(network.parameters(), Problem.LearningRate);
        using var data = new PlainData(images, problem.Network.Normalization);
        var meter = new SpeedMeter(problem.Batch);
        TrainEpoch(network, optimizer, data, problem, epoch: 0, meter);
        return meter.ImagesPerSecond;
    }

    public double ScoringSpeed(ImageSet images, Problem problem)
    {
        using var network = new PlainResNet18(problem.Width, problem.Network.ClassCount);
        using var data = new PlainData(images, problem.Network.Normalization);
        var meter = new SpeedMeter(problem.Batch);
        _ = Score(network, data, problem.Batch, meter);
        return meter.ImagesPerSecond;
    }

    public (double Seconds, int Epochs)? TimeTo(double accuracy, ImageDataset data, Problem problem, int maxEpochs)
    {
        using var initial = MarginNetContender.CreateNetwork(problem);
        using var network = Copy(initial);
        using var train = new PlainData(data.Train, problem.Network.Normalization);
        using var test = new PlainData(data.Test, problem.Network.Normalization);
        var start = Stopwatch.GetTimestamp();
        using var optimizer = optim.Adam(network.parameters(), Problem.LearningRate);
        for (var epoch = 1; epoch <= maxEpochs; epoch++)
        {
            TrainEpoch(network, optimizer, train, problem, epoch - 1);
            using var scope = NewDisposeScope();
            var right = Score(network, test, Scoring.DefaultBatchSize).argmax(1) == test.Labels;
            if (right.to(ScalarType.Float64).mean().item<double>() >= accuracy)
            {
                return (Stopwatch.GetElapsedTime(start).TotalSeconds, epoch);
            }
        }

        return null;
    }

    /// <summary>The plain network with the weights of MarginNet's.</summary>
    public static PlainResNet18 Copy(ResNet18 network)
    {
        var copy = new PlainResNet18(network.Width, network.Options.ClassCount);
        _ = copy.load_state_dict(network.state_dict());
        return copy;
    }

    /// <summary>The evaluation loop.</summary>
    /// <returns>Scores, shape [N, C].</returns>
    public static Tensor Score(PlainResNet18 network, PlainData data, int batch, SpeedMeter? meter = null)
    {
        network.eval();
        using var inference = no_grad();
        using var scope = NewDisposeScope();
        var scores = new List<Tensor>();
        for (var start = 0L; start < data.Count; start += batch)
        {
            using var pass = NewDisposeScope();
            scores.Add(network.forward(data.Range(start, batch)).MoveToOuterDisposeScope());
            meter?.Read(Math.Min(start + batch, data.Count));
        }

        return cat(scores).MoveToOuterDisposeScope();
    }

    private static void TrainEpoch(
        PlainResNet18 network, optim.Optimizer optimizer, PlainData data, Problem problem, int epoch, SpeedMeter? meter = null)
    {
        network.train();
        var images = 0;
        var sum = 0.0;
        foreach (var batch in EpochOrder.Shuffled((int)data.Count, problem.Seed, epoch).Chunk(problem.Batch))
        {
            using var scope = NewDisposeScope();
            var (input, labels) = data.Batch(batch);
            var logits = network.forward(input);
            var shift = nn.functional.one_hot(labels, logits.shape[1]) * Problem.TargetMargin;
            var loss = nn.functional.cross_entropy(logits - shift, labels);
            optimizer.zero_grad();
            loss.backward();
            _ = optimizer.step();
            sum += loss.item<float>() * batch.Length;
            images += batch.Length;
            meter?.Read(images);
        }

        if (!double.IsFinite(sum))
        {
            throw new InvalidOperationException("The plain loop diverged.");
        }
    }
}
