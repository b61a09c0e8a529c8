// Trains a small ResNet-18 with a prescribed margin on drawn shapes, and prints how atypical the margins of new images are.
// Run: dotnet run -c Release --project samples/QuickStart [epochs]
using MarginNet.Data;
using MarginNet.Losses;
using MarginNet.Models;
using MarginNet.PValues;
using MarginNet.Training;
using static TorchSharp.torch;

var epochs = args.Length > 0 ? int.Parse(args[0], System.Globalization.CultureInfo.InvariantCulture) : 3;
var options = new TrainingOptions { Loss = MarginLoss.ShiftedSoftmax, TargetMargin = 5, Epochs = epochs, LearningRate = 3e-3, Schedule = LearningRateSchedule.OneCycle };

// Data, a tenth of which is kept out of training to calibrate the p-values on.
var data = SyntheticShapes.Create();
var split = StratifiedSplit.Compute(data.Train.Labels, share: 0.1, seed: 0);
var (train, calibration) = (data.Train.Select(split.Rest.AsSpan()), data.Train.Select(split.HeldOut.AsSpan()));

// Margin training, equation (7) with μ = 5.
manual_seed(0);
using var network = new ResNet18(new() { Width = 16, ClassCount = data.ClassNames.Length, Normalization = ChannelStatistics.Compute(train) });
var result = MarginTrainer.Train(network, train, options, data.Test, new Printer());
Console.WriteLine($"{result.Constraints.Met} of {result.Constraints.Total} training margins are at least {options.TargetMargin}");

// The null model of correct decisions' margins, and the test images that are least typical under it.
var (decided, margins) = network.Score(calibration).Decisions();
var nullModel = MarginNullModel.Fit(margins, decided, calibration.Labels, data.ClassNames.Length, new() { Source = CalibrationSource.HeldOut });
var (classes, testMargins) = network.Score(data.Test).Decisions();
var pValues = classes.Select((c, i) => nullModel.Score(testMargins[i], c).Lower).ToArray();
Console.WriteLine($"{pValues.Count(p => p <= 0.05)} of {pValues.Length} test images are atypical at 0.05; the ten least typical:");
foreach (var i in Enumerable.Range(0, pValues.Length).OrderBy(i => pValues[i]).Take(10))
{
    Console.WriteLine($"a {data.ClassNames[data.Test.Labels[i]],-8} taken for a {data.ClassNames[classes[i]],-8}  margin {testMargins[i]:f3}  p-value {pValues[i]:e1}");
}

internal sealed class Printer : IProgress<TrainingProgress>
{
    public void Report(TrainingProgress value)
    {
        if (value is EpochProgress epoch)
        {
            Console.WriteLine($"epoch {epoch.Epoch}: loss {epoch.Loss:f2}, test accuracy {epoch.TestAccuracy:p1}");
        }
    }
}
