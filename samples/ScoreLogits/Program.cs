// p-values for the logits of any framework: no model, no LibTorch, only the numbers that a classifier gave and MarginNet.Statistics.
// Run: dotnet run -c Release --project samples/ScoreLogits [calibration.npy labels.npy new.csv]
// The first two are logits [N, C] of samples kept out of training and their true classes, the third is what to judge; .npy, .npz or .csv.
// As a native program of 3 MB: dotnet publish -c Release --use-current-runtime -p:PublishAot=true -p:RestorePackagesWithLockFile=false
// --artifacts-path artifacts/aot -o artifacts/ScoreLogits samples/ScoreLogits
// In Python: numpy.save("calibration.npy", logits.numpy()). The files beside this one are drawn: three classes, 88 % accuracy.
using MarginNet.Arrays;
using MarginNet.Margins;
using MarginNet.PValues;

string[] files = args.Length == 3 ? args : [Beside("calibration.npy"), Beside("labels.npy"), Beside("new.csv")];

if (files.FirstOrDefault(file => !File.Exists(file)) is { } missing)
{
    Console.Error.WriteLine(
        $"'{missing}' does not exist: give calibration.npy labels.npy new.csv, or nothing for the files beside this program.");
    return 2;
}

// Once: the null model of the right decisions' margins, and a threshold that flags at most 5 % of them. Save keeps both in a small file.
var calibration = ArrayFile.ReadLogits(files[0]);
var labels = ArrayFile.ReadLabels(files[1], calibration.Columns);
var nullModel = MarginNullModel.Fit(calibration, labels);
nullModel = nullModel.WithRule(FlagRule.Calibrate(nullModel, alpha: 0.05));
nullModel.Save(Path.Combine(Path.GetTempPath(), "null.json"));
Console.WriteLine($"calibrated on {nullModel.Pooled.SampleCount} right decisions of {labels.Length}; "
    + $"flagged where p <= {nullModel.Rule!.Threshold.Value:f4}");

// From then on, in microseconds for each sample.
var fresh = ArrayFile.ReadLogits(files[2]);
var pValues = nullModel.Score(fresh);
for (var i = 0; i < fresh.Rows; i++)
{
    var (decided, margin) = DecisionMargin.Compute(fresh.Row(i));
    var doubt = nullModel.Rule.Flags(pValues[i]) ? "  do not trust" : "";
    Console.WriteLine($"class {decided}  margin {margin,6:f3}  p-value {pValues[i].Lower:f4}{doubt}");
}

return 0;

static string Beside(string name) => Path.Combine(AppContext.BaseDirectory, name);
