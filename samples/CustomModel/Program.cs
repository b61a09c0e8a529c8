// A network of your own, in TorchSharp, trained with a prescribed margin: any Module<Tensor, Tensor> from images to scores will do.
// Run: dotnet run -c Release --project samples/CustomModel [epochs]
using MarginNet.Data;
using MarginNet.Losses;
using MarginNet.Models;
using MarginNet.PValues;
using MarginNet.Training;
using TorchSharp.Modules;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

var epochs = args.Length > 0 ? int.Parse(args[0], System.Globalization.CultureInfo.InvariantCulture) : 4;
var options = new TrainingOptions
{
    Loss = MarginLoss.ShiftedSoftmax,
    TargetMargin = 5,
    Epochs = epochs,
    LearningRate = 3e-3,
    Schedule = LearningRateSchedule.OneCycle,
};

var data = SyntheticShapes.Create(trainCount: 4_000, testCount: 1_000);
var split = StratifiedSplit.Compute(data.Train.Labels, share: 0.2, seed: 0);
var (train, calibration) = (data.Train.Select(split.Rest.AsSpan()), data.Train.Select(split.HeldOut.AsSpan()));

manual_seed(0);
using var network = new TwoScaleNet(data.ClassNames.Length);
var result = MarginTrainer.Train(network, train, options, data.Test);
Console.WriteLine($"{result.Constraints.Met} of {result.Constraints.Total} training margins are at least {options.TargetMargin}");
Console.WriteLine($"test accuracy {network.Score(data.Test).Accuracy(data.Test.Labels):p1}");

// The p-values of the network's decisions, and what they are worth: how right the flagged and the other decisions are.
var (decided, margins) = network.Score(calibration).Decisions();
var nullModel =
    MarginNullModel.Fit(margins, decided, calibration.Labels, data.ClassNames.Length, new() { Source = CalibrationSource.HeldOut });
var rule = FlagRule.Calibrate(nullModel, alpha: 0.05);
var (classes, testMargins) = network.Score(data.Test).Decisions();
var byFlag = Enumerable.Range(0, classes.Length)
    .ToLookup(i => rule.Flags(nullModel.Score(testMargins[i], classes[i])), i => classes[i] == data.Test.Labels[i] ? 1.0 : 0.0);
Console.WriteLine($"{byFlag[true].Count()} decisions flagged, {byFlag[true].DefaultIfEmpty(double.NaN).Average():p1} of them right; "
    + $"of the others {byFlag[false].Average():p1}");

/// <summary>Looks at the image at two scales; such a fork is why it is a class and no Sequential.</summary>
internal sealed class TwoScaleNet : nn.Module<Tensor, Tensor>
{
    private readonly Conv2d _fine;
    private readonly Conv2d _coarse;
    private readonly BatchNorm2d _norm;
    private readonly Conv2d _mix;
    private readonly Linear _head;

    public TwoScaleNet(int classCount)
        : base(nameof(TwoScaleNet))
    {
        _fine = nn.Conv2d(3, 16, 3, stride: 2, padding: 1);
        _coarse = nn.Conv2d(3, 16, 7, stride: 2, padding: 3);
        _norm = nn.BatchNorm2d(32);
        _mix = nn.Conv2d(32, 64, 3, stride: 2, padding: 1);
        _head = nn.Linear(64 * 4 * 4, classCount);
        RegisterComponents();
    }

    /// <summary>Images [N, 3, 32, 32] in [0, 1] to scores [N, C].</summary>
    public override Tensor forward(Tensor input)
    {
        using var scope = NewDisposeScope();
        var x = input - 0.5;
        x = F.relu(_norm.forward(cat([_fine.forward(x), _coarse.forward(x)], dim: 1)));
        x = F.max_pool2d(F.relu(_mix.forward(x)), 2);
        return _head.forward(x.flatten(1)).MoveToOuterDisposeScope();
    }
}
