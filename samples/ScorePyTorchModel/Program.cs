// A network in a PyTorch file, used as it is: margins, p-values and what they are worth, without Python and without retraining.
// Run: dotnet run -c Release --project samples/ScorePyTorchModel
// shapes.pt is the state dict of a ResNet-18 of width 4 for drawn shapes with pytorch-cifar's names, written by torch.save (PyTorch 1.13)
// with the weights of marginnet export --to state-dict --names pytorch-cifar. The same call reads torchvision's names, .safetensors,
// .onnx (scores only) and, if you trust its author, TorchScript.
using MarginNet.Data;
using MarginNet.Foreign;
using MarginNet.ModelFiles;
using MarginNet.PValues;

var file = args.Length > 0 ? args[0] : Path.Combine(AppContext.BaseDirectory, "shapes.pt");
if (!File.Exists(file))
{
    Console.Error.WriteLine($"'{file}' does not exist: give a model file, or nothing for the one beside this program.");
    return 2;
}

// What the file does not say: how its images were normalised, and what its classes are.
var data = SyntheticShapes.Create(trainCount: 1_000, testCount: 1_000);
var options = new LoadOptions
{
    Normalization = new([0.355415, 0.357046, 0.358205], [0.212739, 0.215834, 0.212018]),
    ClassNames = data.ClassNames,
};
using var model = MarginModel.Load(file, options);
Console.WriteLine($"test accuracy {model.Score(data.Test).Accuracy(data.Test.Labels):p1}");

// Calibrate on labelled images that it was not trained on, and judge others.
var (decided, margins) = model.Score(data.Train).Decisions();
var nullModel =
    MarginNullModel.Fit(margins, decided, data.Train.Labels, data.ClassNames.Length, new() { Source = CalibrationSource.HeldOut });
model.NullModel = nullModel.WithRule(FlagRule.Calibrate(nullModel, alpha: 0.05));
var (classes, testMargins) = model.Score(data.Test).Decisions();
foreach (var i in Enumerable.Range(0, 5))
{
    var p = model.NullModel.Score(testMargins[i], classes[i]);
    Console.WriteLine($"a {data.ClassNames[data.Test.Labels[i]],-8} taken for a {data.ClassNames[classes[i]],-8}  margin "
        + $"{testMargins[i],6:f3}  p-value {p.Lower:f3}{(model.NullModel.Rule!.Flags(p) ? "  flagged" : "")}");
}

model.Save(Path.Combine(Path.GetTempPath(), "shapes-model.pt")); // All of it in one file, for the command line too.
return 0;
