// How well each statistic finds wrong labels. See bench/run-audit.
using System.CommandLine;
using System.Globalization;
using MarginNet.Arrays;
using MarginNet.Audit;
using MarginNet.AuditBench;
using MarginNet.Data;
using MarginNet.Models;
using MarginNet.Training;
using TorchSharp;

var folder = new Option<string>("--data-dir") { Required = true, Description = "The folder that the paths in the labels file start from." };
var labels = new Option<string>("--labels") { Required = true, Description = "CSV of image, true class and columns of human labels." };
var noise = new Option<string>("--noise") { DefaultValueFactory = _ => "aggregate", Description = "A column of it, symmetric:p or class:p." };
var seed = new Option<int>("--seed") { DefaultValueFactory = _ => 0, Description = "Of noise and training." };
var perClass = new Option<int>("--per-class") { DefaultValueFactory = _ => int.MaxValue, Description = "Images of each class; all by default." };
var epochs = new Option<int>("--epochs") { DefaultValueFactory = _ => TrainingOptions.Fast.Epochs, Description = "Of each training." };
var width = new Option<int>("--width") { DefaultValueFactory = _ => 64, Description = "Of the network." };
var folds = new Option<int>("--folds") { DefaultValueFactory = _ => 0, Description = "Networks for out-of-fold scores; 0 for none." };
var save = new Option<string?>("--save") { Description = "Also write margins, scores and labels to this folder." };

var root = new RootCommand("Finding wrong labels.") { folder, labels, noise, seed, perClass, epochs, width, folds, save };
root.SetAction(parsed =>
{
    var data = NoisyImages.Read(
        parsed.GetValue(folder)!, parsed.GetValue(labels)!, parsed.GetValue(noise)!, parsed.GetValue(perClass), parsed.GetValue(seed));
    var options = TrainingOptions.Fast with { Epochs = parsed.GetValue(epochs), Seed = parsed.GetValue(seed) };
    Classifier Create(ImageSet train)
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

    using var network = Create(data.Images);
    var result = MarginTrainer.Train(network, data.Images, options with { RecordMargins = true });
    if (parsed.GetValue(save) is { } path)
    {
        Directory.CreateDirectory(path);
        result.Margins!.Save(Path.Combine(path, "margins.npy"));
        result.Margins.MeanScores!.Save(Path.Combine(path, "mean.npy"));
        result.TrainingScores.Save(Path.Combine(path, "last.npy"));
        ArrayFile.WriteLabels(Path.Combine(path, "given.npy"), data.Images.Labels);
        ArrayFile.WriteLabels(Path.Combine(path, "true.npy"), data.True);
    }

    if (parsed.GetValue(folds) > 1)
    {
        var outOfFold = OutOfFoldScores.Compute(Create, data.Images, parsed.GetValue(folds), options);
        if (parsed.GetValue(save) is { } place)
        {
            outOfFold.Save(Path.Combine(place, "oof.npy"));
        }
    }

    Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{data.IsWrong.Count(wrong => wrong)} of {data.Images.Count} labels are wrong."));
});
return root.Parse(args).Invoke();
