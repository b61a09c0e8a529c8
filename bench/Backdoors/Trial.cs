using System.Diagnostics;
using System.Globalization;
using MarginNet.Backdoors;
using MarginNet.Data;
using MarginNet.Losses;
using MarginNet.ModelFiles;
using MarginNet.Models;
using MarginNet.Training;
using TorchSharp;

namespace MarginNet.BackdoorBench;

/// <summary>One network, trained and tested.</summary>
/// <param name="Loss">What it is trained by.</param>
/// <param name="Trigger">The trigger's name, or clean.</param>
/// <param name="Target">The target class; null of a clean one.</param>
/// <param name="Accuracy">On clean test images.</param>
/// <param name="Success">The share of triggered test images of other classes that are decided for the target; NaN of a clean one.</param>
/// <param name="Test">What the test says of it.</param>
/// <param name="TrainingSeconds">What training took.</param>
/// <param name="TestSeconds">What the test took.</param>
internal sealed record Trial(
    MarginLoss Loss, string Trigger, int? Target, double Accuracy, double Success, MaximumMarginTest Test, double TrainingSeconds,
    double TestSeconds)
{
    public const string Header =
        "loss\ttrigger\ttarget\taccuracy\tsuccess\tp\tcalibrated\tsuspect\tr max\tr median\tr min\tshape\ttraining s\ttest s";

    public static Trial Run(
        ImageDataset data, TrainingOptions options, int width, Trigger? trigger, int target, double share, MaximumMarginOptions ascent,
        string? file)
    {
        var clock = Stopwatch.StartNew();
        torch.manual_seed(options.Seed);
        var train = trigger?.Poison(data.Train, target, share, options.Seed) ?? data.Train;
        var network = new FastNet(new()
        {
            Width = width,
            ClassCount = data.ClassNames.Length,
            OutputScale = options.Temperature,
            Normalization = ChannelStatistics.Compute(train),
        });
        using var model = new MarginModel(network, data.ClassNames, (train.Height, train.Width));
        network.Whiten(train);
        MarginTrainer.Train(network, train, options);
        var training = clock.Elapsed.TotalSeconds;
        if (file is not null)
        {
            model.Save(file);
        }

        var accuracy = Share(network, data.Test);
        var success = trigger is null ? double.NaN : Share(network, trigger.OnOthers(data.Test, target));
        clock.Restart();
        var test = MaximumMarginTest.Run(network, train.Channels, train.Height, train.Width, ascent);
        return new(
            options.Loss, trigger?.Name ?? "clean", trigger is null ? null : target, accuracy, success, test, training,
            clock.Elapsed.TotalSeconds);
    }

    private double Median => Test.Margins.Order().ElementAt(Test.Margins.Length / 2);

    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"{Loss}\t{Trigger}\t{Target}\t{Accuracy:f3}\t{Success:f3}\t{Test.Outlier.PValue:g3}\t{Test.Outlier.CalibratedPValue:g3}\t")
        + string.Create(
            CultureInfo.InvariantCulture,
            $"{Test.Suspect}\t{Test.Margins.Max():g4}\t{Median:g4}\t{Test.Margins.Min():g4}\t")
        + string.Create(
            CultureInfo.InvariantCulture,
            $"{Test.Outlier.Null?.Shape:g3}\t{TrainingSeconds:f0}\t{TestSeconds:f0}");

    public static double Share(Classifier network, ImageSet images)
    {
        var (classes, _) = network.Score(images).Decisions();
        return classes.Zip(images.Labels.ToArray()).Average(pair => pair.First == pair.Second ? 1.0 : 0.0);
    }
}
