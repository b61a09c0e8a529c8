// The program of docs/howto/library.md: a test holds the two equal. Seed 0; 47 s of processor time on 2 cores of an AMD EPYC.
// Run: dotnet run -c Release --project samples/QuickStart

using MarginNet.Data;
using MarginNet.Losses;
using MarginNet.Models;
using MarginNet.PValues;
using MarginNet.Training;

// Ten classes of drawn shapes; a tenth of the training images is kept aside to calibrate on.
var data = SyntheticShapes.Create();
var split = StratifiedSplit.Compute(data.Train.Labels, share: 0.1, seed: 0);
var (train, aside) = (data.Train.Select(split.Rest.AsSpan()), data.Train.Select(split.HeldOut.AsSpan()));

// Equation (7) asks every training image for a margin of 5.
TorchSharp.torch.manual_seed(0);
using var network = new ResNet18(new() { Width = 8, Normalization = ChannelStatistics.Compute(train) });
MarginTrainer.Train(network, train, new() { Loss = MarginLoss.ShiftedSoftmax, TargetMargin = 5, Epochs = 2, LearningRate = 1e-2 });

// The margins that right decisions have, class by class, and where those of new images lie among them.
var (classes, margins) = network.Score(aside).Decisions();
var typical = MarginNullModel.Fit(margins, classes, aside.Labels, classCount: 10, new() { Source = CalibrationSource.HeldOut });
(classes, margins) = network.Score(data.Test).Decisions();
var p = classes.Select((decided, i) => typical.Score(margins[i], decided)).ToArray();
Console.WriteLine($"{p.Count(value => value.Lower <= 0.05)} of {p.Length} test images are atypical at 0.05. The least typical:");
foreach (var i in Enumerable.Range(0, p.Length).OrderBy(i => p[i].Extrapolated).Take(4))
{
    Console.WriteLine($"image {i}, {data.ClassNames[data.Test.Labels[i]]} taken for {data.ClassNames[classes[i]]}: margin {margins[i]:f3}, p = {p[i].Lower:g2}");
}
