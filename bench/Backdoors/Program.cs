// How often the maximum-margin test finds a backdoor, and accuses a clean network. See bench/run-backdoors.
using System.CommandLine;
using MarginNet.BackdoorBench;
using MarginNet.Backdoors;
using MarginNet.Data;
using MarginNet.Losses;
using MarginNet.Training;
using TorchSharp;

const int Classes = 10; // Of the drawn shapes.
const int TestPerClass = 100;
var defaults = new MaximumMarginOptions();

var folder = new Option<string?>("--data-dir") { Description = "A folder with train/ and test/; drawn shapes without it." };
var networks = new Option<int>("--networks") { DefaultValueFactory = _ => 10, Description = "Of each kind." };
var first = new Option<int>("--first") { DefaultValueFactory = _ => 0, Description = "The number of the first, to go on with." };
var perClass = new Option<int>("--per-class") { DefaultValueFactory = _ => 200, Description = "Training images of each class." };
var epochs = new Option<int>("--epochs") { DefaultValueFactory = _ => 6, Description = "Of each training." };
var width = new Option<int>("--width") { DefaultValueFactory = _ => 16, Description = "Of each network." };
var share = new Option<double>("--poison") { DefaultValueFactory = _ => 0.1, Description = "Of the images of other classes, poisoned." };
var starts = new Option<int>("--starts") { DefaultValueFactory = _ => defaults.Starts, Description = "Of the ascent." };
var steps = new Option<int>("--steps") { DefaultValueFactory = _ => defaults.Steps, Description = "Of the ascent." };
var stepSize = new Option<double>("--step-size") { DefaultValueFactory = _ => defaults.StepSize, Description = "Of the ascent." };
var tolerance = new Option<double>("--tolerance") { DefaultValueFactory = _ => defaults.Tolerance, Description = "Of the ascent." };
var seed = new Option<int>("--seed") { DefaultValueFactory = _ => 0, Description = "Of the first network; the others count on." };
var save = new Option<string?>("--save") { Description = "Keep the networks in this folder." };
var repair = new Option<string?>("--repair")
{
    Description = "Repair the networks that --save kept in this folder, and train none.",
};
var clean = new Option<int>("--clean") { DefaultValueFactory = _ => 50, Description = "Clean images of each class that repair learns by." };
var leastKept = new Option<double>("--least-kept")
{
    DefaultValueFactory = _ => new ActivationClampOptions().LeastKept,
    Description = "Of their decisions.",
};
var summary = new Option<string?>("--summary")
{
    Description = "Sum up the rows in this file, which an earlier run printed, and train none.",
};

var root = new RootCommand("Finding backdoors.")
{
    folder, networks, first, perClass, epochs, width, share, starts, steps, stepSize, tolerance, seed, save, repair, clean, leastKept, summary,
};
root.SetAction(parsed =>
{
    torch.set_num_threads(1);
    if (parsed.GetValue(summary) is { } printed)
    {
        Summary.Write(Row.Read(File.ReadLines(printed)), Console.Out);
        return;
    }

    if (parsed.GetValue(repair) is { } kept)
    {
        // Images that neither training nor the test below saw come last of each class.
        var (count, own) = (parsed.GetValue(clean), parsed.GetValue(seed));
        Repair.Run(
            Load(parsed.GetValue(folder), 1, TestPerClass + count), kept, count, own,
            new() { LeastKept = parsed.GetValue(leastKept) });
        return;
    }

    var data = Load(parsed.GetValue(folder), parsed.GetValue(perClass), TestPerClass);
    var ascent = defaults with
    {
        Starts = parsed.GetValue(starts),
        Steps = parsed.GetValue(steps),
        StepSize = parsed.GetValue(stepSize),
        Tolerance = parsed.GetValue(tolerance),
    };
    var fast = TrainingOptions.Fast with { Epochs = parsed.GetValue(epochs), Augment = false, InitialSize = null };
    TrainingOptions[] trainings = [fast with { Loss = MarginLoss.CrossEntropy, Temperature = 1 }, fast];
    var (channels, height, wide) = (data.Train.Channels, data.Train.Height, data.Train.Width);
    var trials = new List<Trial>();
    Console.WriteLine(Trial.Header);
    for (var i = parsed.GetValue(first); i < parsed.GetValue(networks); i++)
    {
        var own = parsed.GetValue(seed) + i;
        var trigger = i % 2 == 0 ? Trigger.Patch(channels, height, wide) : Trigger.Noise(channels, height, wide, own);
        foreach (var training in trainings)
        {
            foreach (var poison in new[] { null, trigger })
            {
                var file = parsed.GetValue(save) is { } place
                    ? Path.Combine(place, $"{training.Loss}-{poison?.Name ?? "clean"}-{i}.pt")
                    : null;
                var trial = Trial.Run(
                    data, training with { Seed = own }, parsed.GetValue(width), poison, i % data.ClassNames.Length, parsed.GetValue(share),
                    ascent, file);
                trials.Add(trial);
                Console.WriteLine(trial);
            }
        }
    }

    Console.WriteLine();
    Summary.Write([.. trials.Select(trial => Row.Parse($"{trial}"))], Console.Out);
});
return root.Parse(args).Invoke();

// The first images of each class, alone: to read all takes longer than to train.
static ImageDataset Load(string? folder, int perClass, int testPerClass) => folder is not null ? Read(folder, perClass, testPerClass)
    : SyntheticShapes.Create(Classes * perClass, Classes * testPerClass);

static ImageDataset Read(string folder, int perClass, int testPerClass)
{
    var names = ImageFolder.ClassNames(folder);
    ImageSet Part(string part, int count)
    {
        string[][] files = [.. names.Select(name => Directory.GetFiles(Path.Combine(folder, part, name))
            .Order(StringComparer.Ordinal).Take(count).ToArray())];
        return ImageFolder.ReadImages([.. files.SelectMany(own => own)])
            .WithLabels([.. files.SelectMany((own, c) => Enumerable.Repeat(c, own.Length))]);
    }

    return new(Path.GetFileName(folder), names, Part("train", perClass), Part("test", testPerClass));
}
