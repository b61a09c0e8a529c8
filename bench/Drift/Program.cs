// False alarms, run lengths and delays of drift detection. See bench/run-drift.
using System.CommandLine;
using MarginNet.DriftBench;

var streams = new Option<int>("--streams") { DefaultValueFactory = _ => 500, Description = "Streams simulated." };
var length = new Option<int>("--length") { DefaultValueFactory = _ => 1000, Description = "Samples of each." };
var seed = new Option<int>("--seed") { DefaultValueFactory = _ => 1, Description = "Of everything drawn." };
var ordinary = new Option<string?>("--ordinary") { Description = "CSV whose column margin has ordinary samples; simulated without it." };
var drifted = new Option<string?>("--drifted") { Description = "The same of drifted ones." };
var share = new Option<double>("--share") { DefaultValueFactory = _ => 1, Description = "Of drifted ones after the drift." };
var before = new Option<int>("--before") { DefaultValueFactory = _ => 500, Description = "Samples before the drift." };
var model = new Option<string>("--model") { Required = true, Description = "The network." };
var images = new Option<string[]>("--images")
{
    Required = true,
    AllowMultipleArgumentsPerToken = true,
    Description = "Folders of images.",
};
var change = new Option<string>("--change") { DefaultValueFactory = _ => "none", Description = string.Join(", ", Margins.Changes.Keys) };
var output = new Option<string>("--output") { Required = true, Description = "The CSV file to write." };

var falseAlarms = new Command("false-alarms", "Streams without drift that raise an alarm.") { streams, length, seed };
falseAlarms.SetAction(parsed => FalseAlarms.Run(parsed.GetValue(streams), parsed.GetValue(length), parsed.GetValue(seed)));
var runLengths = new Command("run-lengths", "Samples to a false alarm.") { streams, seed };
runLengths.SetAction(parsed => RunLengths.Run(parsed.GetValue(streams), parsed.GetValue(seed)));
var delays = new Command("delays", "Samples from the drift to its alarm.") { streams, seed, before, ordinary, drifted, share };
delays.SetAction(parsed =>
{
    Console.WriteLine(Delays.Header);
    var scenarios = parsed.GetValue(ordinary) is { } path
        ? [Scenarios.OfTables(path, parsed.GetValue(drifted)!, parsed.GetValue(share))]
        : Scenarios.Simulated;
    foreach (var (name, draw) in scenarios)
    {
        Delays.Run(name, draw, parsed.GetValue(streams), parsed.GetValue(before), parsed.GetValue(seed));
    }
});
var margins = new Command("margins", "Margins of a network on images.") { model, images, change, output };
margins.SetAction(parsed => Margins.Write(
    parsed.GetValue(model)!, parsed.GetValue(images)!, parsed.GetValue(change)!, parsed.GetValue(output)!));

return new RootCommand("Drift detection.") { falseAlarms, runLengths, delays, margins }.Parse(args).Invoke();
