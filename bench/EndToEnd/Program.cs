// Measures MarginNet and a plain TorchSharp loop of the same network, one measurement a process,
// so that peak memory is the measurement's own.
// Each prints one line of JSON; bench/run alternates them and prints the ratios.
using System.CommandLine;
using MarginNet;
using MarginNet.Data;
using MarginNet.EndToEnd;

var who = new Argument<string>("who");
who.AcceptOnlyFromAmong("marginnet", "plain");
var width = new Option<int>("--width") { DefaultValueFactory = _ => 64, Description = "Channels of the first stage." };
var batch = new Option<int>("--batch") { DefaultValueFactory = _ => 32, Description = "Images in a step or a pass." };
var images = new Option<int>("--images")
{
    DefaultValueFactory = _ => 512,
    Description = "Images under the clock; in 'reach', of an epoch.",
};
var seed = new Option<int>("--seed") { Description = "Of the weights and the order of the samples." };
var accuracy = new Option<double>("--accuracy") { Description = "The test accuracy to reach, in [0, 1].", Required = true };
var tests = new Option<int>("--test-images") { DefaultValueFactory = _ => 1000, Description = "Images of the test." };
var epochs = new Option<int>("--max-epochs") { DefaultValueFactory = _ => 30, Description = "When to give up." };
var folder = new Option<string?>("--cifar10")
{
    Description = "A folder of CIFAR-10's binary files, to learn them instead of drawn shapes.",
};
var leverWidth = new Option<int>("--width") { DefaultValueFactory = _ => 16, Description = "Channels of the first stage." };
var leverBatch = new Option<int>("--batch") { DefaultValueFactory = _ => 128, Description = "Images in a step." };
var rounds = new Option<int>("--rounds")
{
    DefaultValueFactory = _ => 9,
    Description = "Of each lever; a third as many where each measurement is a process.",
};
var lines = new Argument<string>("lines") { Description = "The lines of all measurements." };
var json = new Option<string?>("--json") { Description = "Write the summary to this file, too." };

var train = new Command("train", "Training images per second, and peak memory.") { who, width, batch, images };
train.SetAction(parsed =>
{
    var speed = Contender(parsed).TrainingSpeed(Given(parsed).Draw(parsed.GetValue(images)), Given(parsed));
    Print(parsed, "training", ("images_per_second", speed), ("peak_mib", Figures.PeakMemory()));
});

var score = new Command("score", "Scoring images per second, and peak memory.") { who, width, batch, images };
score.SetAction(parsed =>
{
    var speed = Contender(parsed).ScoringSpeed(Given(parsed).Draw(parsed.GetValue(images)), Given(parsed));
    Print(parsed, "scoring", ("images_per_second", speed), ("peak_mib", Figures.PeakMemory()));
});

var reach = new Command("reach", "Seconds of training and testing until a test accuracy is reached.")
{
    who, width, batch, images, seed, accuracy, tests, epochs, folder,
};
reach.SetAction(parsed =>
{
    var data = parsed.GetValue(folder) is { } path
        ? Cifar10.Load(path)
        : SyntheticShapes.Create(parsed.GetValue(images), parsed.GetValue(tests));
    data = data with { Train = data.Train.Take(parsed.GetValue(images)), Test = data.Test.Take(parsed.GetValue(tests)) };
    var goal = parsed.GetValue(accuracy);
    if (Contender(parsed).TimeTo(goal, data, Given(parsed), parsed.GetValue(epochs)) is not { } result)
    {
        Console.Error.WriteLine($"{parsed.GetValue(who)} does not reach a test accuracy of {goal} in {parsed.GetValue(epochs)} epochs.");
        return 1;
    }

    Print(
        parsed, $"to {100 * goal:0.#} % of {data.Name}", ("seconds", result.Seconds), ("epochs", result.Epochs),
        ("seconds_per_epoch", result.Seconds / result.Epochs));
    return 0;
});

var agree = new Command("agree", "Fails unless both networks give the same scores for the same weights.") { width, batch };
agree.SetAction(parsed =>
{
    var difference = Agreement.LargestDifference(Given(parsed));
    Console.Error.WriteLine($"Scores of the same weights differ by at most {difference:E1}.");
    return difference <= Agreement.Tolerance ? 0 : 1;
});

var pvalue = new Command("pvalue", "The share of time outside the network, from a model file and images to a table of p-values.")
{
    width, batch, images,
};
pvalue.SetAction(parsed =>
{
    var (total, network) = PValueShare.Measure(parsed.GetValue(images), Given(parsed));
    Figures.Print("p-values", "marginnet", Given(parsed), ("seconds", total), ("percent_outside_network", 100 * (1 - (network / total))));
});

var levers = new Command(
    "levers", "What each lever does to the speed of the same step, a line of JSON each, and a table on standard error.")
{
    leverWidth, leverBatch, rounds,
};
levers.SetAction(parsed => Levers.Measure(new(parsed.GetValue(leverWidth), parsed.GetValue(leverBatch)), parsed.GetValue(rounds)));

var convolutionCount = new Option<int>("--count")
{
    DefaultValueFactory = _ => 3000,
    Description = "Convolutions in each order of memory.",
};
var convolutions = new Command("convolutions", "How many of LibTorch's convolutions of random shapes are wrong on this processor.")
{
    convolutionCount,
};
convolutions.SetAction(parsed =>
{
    TorchNative.Prepare();
    RandomConvolutions.Measure(parsed.GetValue(convolutionCount));
});

var minutes = new Argument<double>("minutes") { Description = "How long." };
var soak = new Command(
    "soak",
    "Trains, resumes and scores for a time, a line of CSV on the use of the machine each cycle, and a summary; fails where it grows.")
{
    minutes,
};
soak.SetAction(parsed =>
{
    var files = Directory.CreateTempSubdirectory("marginnet-soak-");
    try
    {
        return new Soak(files.FullName).Run(TimeSpan.FromMinutes(parsed.GetValue(minutes))) ? 0 : 1;
    }
    finally
    {
        files.Delete(recursive: true);
    }
});

var summarize = new Command("summarize", "Prints medians and ratios of many measurements.") { lines, json };
summarize.SetAction(parsed => Summary.Write(parsed.GetValue(lines)!, parsed.GetValue(json)));

return new RootCommand("End-to-end measurements of MarginNet and of a plain TorchSharp loop.")
{
    train, score, reach, agree, pvalue, levers, convolutions, soak, summarize,
}.Parse(args).Invoke();

Problem Given(ParseResult parsed) => new(parsed.GetValue(width), parsed.GetValue(batch), parsed.GetValue(seed));

IContender Contender(ParseResult parsed) => parsed.GetValue(who) == "plain" ? new PlainContender() : new MarginNetContender();

void Print(ParseResult parsed, string what, params ReadOnlySpan<(string Name, double Value)> figures) =>
    Figures.Print(what, parsed.GetValue(who)!, Given(parsed), figures);
