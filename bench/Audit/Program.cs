// How well each statistic finds wrong labels. See bench/run-audit.
using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using MarginNet;
using MarginNet.Arrays;
using MarginNet.Audit;
using MarginNet.AuditBench;
using MarginNet.Data;
using MarginNet.Margins;
using MarginNet.Models;
using MarginNet.Training;
using TorchSharp;

var folder = new Option<string>("--data-dir") { Required = true, Description = "Where the paths in the labels file start." };
var labels = new Option<string>("--labels") { Required = true, Description = "CSV of image, true class and columns of human labels." };
var noise = new Option<string>("--noise")
{
    DefaultValueFactory = _ => "aggregate",
    Description = "A column of it, symmetric:p or class:p.",
};
var seed = new Option<int>("--seed") { DefaultValueFactory = _ => 0, Description = "Of noise and training." };
var perClass = new Option<int>("--per-class") { DefaultValueFactory = _ => int.MaxValue, Description = "Images of each class." };
var epochs = new Option<int>("--epochs") { DefaultValueFactory = _ => 10, Description = "Of each training." };
var width = new Option<int>("--width") { DefaultValueFactory = _ => 64, Description = "Of the network." };
var folds = new Option<int>("--folds") { DefaultValueFactory = _ => 0, Description = "Networks for out-of-fold scores; 0 for none." };
var passes = new Option<int>("--passes") { DefaultValueFactory = _ => 2, Description = "1, or 2 for a second one." };
var rounds = new Option<int>("--rounds") { DefaultValueFactory = _ => 1, Description = "Of the outer loop; above 1 for its dual weights." };
var alpha = new Option<double>("--alpha") { DefaultValueFactory = _ => LabelAudit.DefaultAlpha, Description = "Of the labels flagged." };
var precision = new Option<Precision>("--precision") { Description = "Of training: Float32, BFloat16 or Auto." };
var save = new Option<string?>("--save") { Description = "Also write margins, scores and labels to this folder." };

var root = new RootCommand("Finding wrong labels.") { folder, labels, noise, seed, perClass, epochs, width, passes, folds, rounds, alpha, precision, save };
root.SetAction(parsed =>
{
    var data = NoisyImages.Read(
        parsed.GetValue(folder)!, parsed.GetValue(labels)!, parsed.GetValue(noise)!, parsed.GetValue(perClass), parsed.GetValue(seed));
    var options = TrainingOptions.Fast with
    {
        Epochs = parsed.GetValue(epochs),
        Rounds = parsed.GetValue(rounds),
        InitialSize = null,
        Precision = parsed.GetValue(precision),
        Seed = parsed.GetValue(seed),
    };
    Classifier Create(ImageSet train) => CreateBy(train, options);

    Classifier CreateBy(ImageSet train, TrainingOptions options)
    {
        torch.manual_seed(options.Seed);
        var network = new FastNet(new()
        {
            Width = parsed.GetValue(width),
            ClassCount = data.ClassNames.Length,
            OutputScale = options.Temperature,
            Normalization = ChannelStatistics.Compute(train),
        });
        network.Whiten(train);
        return network;
    }

    (TrainingResult Result, ScoreMatrix Scores) Pass(ImageSet train, TrainingOptions options)
    {
        var start = Stopwatch.GetTimestamp();
        using var network = CreateBy(train, options);
        var result = MarginTrainer.Train(network, train, options);
        network.Averaging = TestTimeAveraging.FlipShift;
        var scores = network.Score(data.Images);
        if (parsed.GetValue(save) is { } place)
        {
            Directory.CreateDirectory(place);
            using var extractor = FeatureExtractor.Create(network, (data.Images.Height, data.Images.Width));
            var features = extractor.Extract(data.Images);
            new ScoreMatrix([.. features.Values.ToArray().Select(value => (float)value)], features.Columns)
                .Save(Path.Combine(place, train.Count == data.Images.Count ? "features.npy" : "second-features.npy"));
        }

        Console.Error.WriteLine($"a pass over {train.Count} images took {Stopwatch.GetElapsedTime(start).TotalMinutes:f1} minutes");
        return (result, scores);
    }

    var (result, scores) = Pass(data.Images, options with { RecordMargins = true });
    var second = parsed.GetValue(passes) > 1 ? SecondPass.Of(data.Images, scores, options) : null;
    var secondScores = second is null ? null : Pass(second.Train, second.Options).Scores;
    if (parsed.GetValue(save) is { } path)
    {
        result.Margins!.Save(Path.Combine(path, "margins.npy"));
        result.Margins.MeanScores!.Save(Path.Combine(path, "mean.npy"));
        scores.Save(Path.Combine(path, "scores.npy"));
        secondScores?.Save(Path.Combine(path, "second-scores.npy"));
        ArrayFile.WriteLabels(Path.Combine(path, "given.npy"), data.Images.Labels);
        ArrayFile.WriteLabels(Path.Combine(path, "true.npy"), data.True);
    }

    var evidence = new AuditEvidence(data.Images.Labels.ToArray(), data.ClassNames.Length)
    {
        Record = result.Margins,
        Scores = scores,
        SecondScores = secondScores,
        DualWeights = result.Rounds > 1 ? [.. result.DualWeights.Values] : null,
    };
    if (parsed.GetValue(folds) > 1)
    {
        evidence = evidence with { OutOfFold = OutOfFoldScores.Compute(Create, data.Images, parsed.GetValue(folds), options) };
        if (parsed.GetValue(save) is { } place)
        {
            evidence.OutOfFold.Save(Path.Combine(place, "out-of-fold.npy"));
        }
    }

    var isWrong = data.IsWrong;
    Console.WriteLine(string.Create(
        CultureInfo.InvariantCulture,
        $"{data.Images.Count} images, noise {parsed.GetValue(noise)}, {isWrong.Count(wrong => wrong)} wrong labels; ")
        + string.Create(
            CultureInfo.InvariantCulture,
            $"seed {options.Seed}, {options.Epochs} epochs, {parsed.GetValue(folds)} folds, alpha {parsed.GetValue(alpha)}\n"));
    Console.WriteLine(Measurement.Header);
    LabelStatistic[] always = [LabelStatistic.MeanMargin, LabelStatistic.LastMargin, LabelStatistic.PValue];
    LabelStatistic[] ofScores = [LabelStatistic.SelfConfidence, LabelStatistic.NormalizedMargin, LabelStatistic.ConfidentLearning];
    LabelStatistic[] ofRounds = [LabelStatistic.DualWeight];
    foreach (var statistic in always.Concat(secondScores is null ? [] : [LabelStatistic.TwoPassMargin])
        .Concat(evidence.OutOfFold is null ? [] : [LabelStatistic.OutOfFold]).Concat(ofScores).Concat(evidence.DualWeights is null ? [] : ofRounds))
    {
        var audit = LabelAudit.Compute(evidence, statistic, parsed.GetValue(alpha));
        Console.WriteLine(Measurement.Of(audit, isWrong).Row(audit, statistic.ToString()));
        if (audit.Doubt is not null && statistic is LabelStatistic.MeanMargin or LabelStatistic.LastMargin or LabelStatistic.TwoPassMargin
            or LabelStatistic.OutOfFold)
        {
            Console.Error.WriteLine($"{statistic}: {audit.Doubt}");
        }
    }
});
return root.Parse(args).Invoke();
