// Compares a device with the CPU and measures it, on a machine that has no .NET: eng/gpu-check publishes this program beside the tool and
// the tests, and run.py starts it, one command a process. Each prints lines of JSON.
using System.CommandLine;
using MarginNet;
using MarginNet.Data;
using MarginNet.GpuCheck;
using TorchSharp;
using static TorchSharp.torch;

var device = new Option<string>("--device") { DefaultValueFactory = _ => "cuda", Description = "cuda or cpu." };
device.AcceptOnlyFromAmong("cuda", "cpu");
var isShort = new Option<bool>("--short") { Description = "Small sizes, to see that everything runs." };
var tf32 = new Option<bool>("--tf32") { Description = "Let products round their factors to 10 bits." };
var precision = new Option<Precision>("--precision") { Description = "What networks compute in." };
var contiguous = new Option<bool>("--contiguous-kernels") { Description = "Leave the kernels of convolutions row by row on the GPU." };
var seconds = new Option<double>("--seconds")
{
    DefaultValueFactory = _ => 1,
    Description = "Under the clock, for a figure of speed, after as many.",
};
var count = new Option<int>("--images") { DefaultValueFactory = _ => 12_800, Description = "Of an epoch, for a figure of speed." };
var folder = new Argument<string>("folder") { Description = "Where the files go." };
var attributes = new Argument<string[]>("attributes") { Description = "The attributes by which the tests to run are marked." };

Device Select(ParseResult parsed)
{
    if (parsed.GetValue(device) == "cpu")
    {
        return CPU;
    }

    if (!TryInitializeDeviceType(DeviceType.CUDA) || !cuda.is_available())
    {
        throw new InvalidOperationException("There is no CUDA GPU, or this LibTorch is the CPU's.");
    }

    AppContext.SetSwitch("MarginNet.ContiguousKernels", parsed.GetValue(contiguous));
    var allowed = parsed.GetValue(tf32);
    (backends.cuda.matmul.allow_tf32, backends.cudnn.allow_tf32) = (allowed, allowed);
    return CUDA;
}

int Width(ParseResult parsed) => parsed.GetValue(isShort) ? 8 : 64;

ImageDataset Shapes(ParseResult parsed) => parsed.GetValue(isShort) ? SyntheticShapes.Create(200, 64) : SyntheticShapes.Create(640, 256);

Command Make(string name, string description, Func<ParseResult, int> action, params ReadOnlySpan<Symbol> symbols)
{
    var command = new Command(name, description) { device, isShort, tf32, precision, contiguous, seconds, count };
    foreach (var symbol in symbols)
    {
        if (symbol is Argument argument)
        {
            command.Add(argument);
        }
    }

    command.SetAction(action);
    return command;
}

var load = Make("load", "Symbols of the installed PyTorch, and whether it loads.", parsed =>
{
    var path = Environment.GetEnvironmentVariable("GPU_CHECK_TORCH");
    return Check.Run(("symbols", () => LoadCheck.Symbols(path)), ("load", () => LoadCheck.Load(path, () => Select(parsed))));
});

var compare = Make("compare", "Losses, gradients, scores, attacks, weights λ, constants and files of the device and of the CPU.", parsed =>
{
    var (to, shapes) = (Select(parsed), Shapes(parsed));
    return Check.Run(
        ("losses", () => LossCheck.Losses(to)),
        ("margins", () => LossCheck.Margins(to)),
        ("networks", () => NetworkCheck.Run(to, shapes.Train, Width(parsed))),
        ("attacks", () => AttackCheck.Run(to, shapes.Train, shapes.Test, 16)),
        ("dual weights", () => DualCheck.Run(to, shapes.Train)),
        ("Lipschitz constants", () => LipschitzCheck.Run(to, shapes.Train)),
        ("files", () => FileCheck.Run(to, shapes.Train)));
});

var files = Make("files", "Files of the device and of the CPU.", parsed =>
{
    var (to, shapes) = (Select(parsed), Shapes(parsed));
    return Check.Run(("files", () => FileCheck.Run(to, shapes.Train)));
});

var repeat = Make("repeat", "The same seed twice.", parsed =>
{
    var (to, shapes) = (Select(parsed), Shapes(parsed));
    return Check.Run(("the same seed twice", () => RepeatCheck.Run(to, shapes.Train, Width(parsed))));
});

var memory = Make("memory", "Memory over many steps.", parsed =>
{
    var to = Select(parsed);
    return Check.Run(("memory", () => MemoryCheck.Run(to, parsed.GetValue(isShort) ? 200 : 2000, Width(parsed) / (to == CPU ? 8 : 1))));
});

var exchange = Make("exchange", "Writes networks, images and scores for PyTorch.", parsed =>
{
    var (to, shapes) = (Select(parsed), Shapes(parsed));
    return Check.Run(("exchange", () => Exchange.Write(to, shapes.Train, Width(parsed), parsed.GetValue(folder)!)));
}, folder);

var speed = Make("speed", "Images per second of training and scoring.", parsed =>
{
    var least = parsed.GetValue(seconds);
    var settings = parsed.GetValue(isShort)
        ? new SpeedSettings(8, [32], 64, 0.1, 0.1)
        : new(64, [128, 512], parsed.GetValue(count), least, least);
    Speed.Run(Select(parsed), settings, parsed.GetValue(precision));
    return 0;
});

var tests = Make("tests", "Tests of the library that need what is here.", parsed =>
    TestRun.Run("MarginNet.Tests", parsed.GetValue(attributes)!) ? 0 : 1, attributes);

return new RootCommand("Compares a GPU with the CPU, and measures it.") { load, compare, files, repeat, memory, exchange, speed, tests }
    .Parse(args)
    .Invoke();
