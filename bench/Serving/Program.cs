// Load and faults of samples/AspNetGuard. See bench/run-serving.
using System.CommandLine;
using MarginNet.ServingBench;

var guard = new Option<string>("--guard") { Required = true, Description = "AspNetGuard.dll." };
var models = new Option<string[]>("--models")
{
    Required = true,
    AllowMultipleArgumentsPerToken = true,
    Description = "Calibrated ONNX models of images [N, 3, 32, 32].",
};
var rounds = new Option<int>("--rounds") { DefaultValueFactory = _ => 5, Description = "Rounds of each service and number of clients." };
var seconds = new Option<double>("--seconds") { DefaultValueFactory = _ => 5, Description = "Of each round, or of each fault." };
var model = new Argument<string>("model");
var url = new Argument<string>("url");
var options = new Option<string[]>("--options")
{
    AllowMultipleArgumentsPerToken = true,
    DefaultValueFactory = _ => [],
    Description = "More for the guard, as NAME=VALUE.",
};

var load = new Command("load", "The guard beside a bare endpoint.") { guard, models, rounds, seconds, options };
load.SetAction(async parsed =>
{
    foreach (var one in parsed.GetValue(models)!)
    {
        await Load.RunAsync(
            parsed.GetValue(guard)!, one, parsed.GetValue(rounds), parsed.GetValue(seconds), parsed.GetValue(options)!);
    }
});
var faults = new Command("faults", "Malformed uploads, reloads, ends and kills under load.") { guard, models, seconds };
faults.SetAction(parsed => Faults.RunAsync(parsed.GetValue(guard)!, parsed.GetValue(models)!, parsed.GetValue(seconds)));
var bare = new Command("bare", "The bare endpoint.") { model, url };
bare.SetAction(parsed => BareService.Run(parsed.GetValue(model)!, parsed.GetValue(url)!));

return await new RootCommand("Load and faults of a service.") { load, faults, bare }.Parse(args).InvokeAsync();
