// Certified radii of a network of your own: around each image, a ball in which the decision provably does not change.
// Run: dotnet run -c Release --project samples/Certify [epochs]
using MarginNet.Bounds;
using MarginNet.Certificates;
using MarginNet.Data;
using MarginNet.Lipschitz;
using MarginNet.Losses;
using MarginNet.Training;
using static TorchSharp.torch;

var epochs = args.Length > 0 ? int.Parse(args[0], System.Globalization.CultureInfo.InvariantCulture) : 6;

// The margin pulls the scores apart, weight decay keeps the Lipschitz constant down: radii grow with their ratio.
var options = new TrainingOptions
{
    Loss = MarginLoss.ShiftedSoftmax,
    TargetMargin = 5,
    Epochs = epochs,
    LearningRate = 2e-3,
    Schedule = LearningRateSchedule.OneCycle,
    WeightDecay = 1e-5,
};
var data = SyntheticShapes.Create(trainCount: 6_000, testCount: 1_000);

manual_seed(0);
using var network = nn.Sequential(
    ("edges", nn.Conv2d(3, 16, 5, stride: 2, padding: 2)),
    ("relu1", nn.ReLU()),
    ("parts", nn.Conv2d(16, 32, 4, stride: 4)),
    ("relu2", nn.ReLU()),
    ("flatten", nn.Flatten()),
    ("scores", nn.Linear(32 * 4 * 4, data.ClassNames.Length)));
MarginTrainer.Train(network, data.Train, options);

// A proven bound for each layer, at the size it has; a layer without one is refused.
var bounds = LipschitzBounds.Compute(network, new FeatureShape(3, 32, 32));
foreach (var layer in bounds.Layers)
{
    Console.WriteLine($"{layer.Name,-12} {layer.Bound.Value,8:f3}");
}

Console.WriteLine($"no score changes faster than {bounds.Scores.Value:f2} times the l2 distance ({bounds.ScoresMethod})");

var radii = CertifiedRadius.Compute(network, data.Test, bounds);
Console.WriteLine($"median radius {radii.Select(radius => radius.Radius).Order().ElementAt(radii.Length / 2):f4}, in l2 of [0, 1] pixels");
foreach (var epsilon in new[] { 0, 0.02, 0.05, 0.1, 36 / 255.0 })
{
    Console.WriteLine($"right and certified at {epsilon:f3}: {CertifiedAccuracy.Compute(radii, data.Test.Labels, epsilon).Rate:p1}");
}
