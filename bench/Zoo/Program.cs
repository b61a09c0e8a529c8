// How far networks that PyTorch exported are, as graphs, from ONNX Runtime's scores and PyTorch's gradients: a line of a table for each.
using System.Diagnostics;
using System.Globalization;
using MarginNet.Graph;
using MarginNet.Graph.Onnx;
using MarginNet.Tests.Graph;
using MarginNet.Zoo;
using Microsoft.ML.OnnxRuntime;
using Onnx;
using static TorchSharp.torch;
using Tensor = TorchSharp.torch.Tensor;

CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
if (args is ["speed"])
{
    ScoringSpeed.Measure(rounds: 15);
    return 0;
}

if (args is not [var folder] || !Directory.Exists(folder))
{
    Console.Error.WriteLine("Usage: bench/run-zoo FOLDER      of networks that bench/Zoo/export.py wrote; or bench/run-zoo speed");
    return 2;
}

var worst = 0.0;
Console.WriteLine("| network | nodes | read in ms | scores, of ONNX Runtime's | scores, of PyTorch's | gradients, of PyTorch's |");
Console.WriteLine("|---|---:|---:|---:|---:|---:|");
foreach (var path in Directory.GetFiles(folder, "*.onnx").Order())
{
    var name = Path.GetFileNameWithoutExtension(path);
    try
    {
        worst = Math.Max(worst, Compare(path, name));
    }
    catch (InvalidDataException e)
    {
        worst = double.PositiveInfinity;
        Console.WriteLine($"| {name} | {e.Message} |");
    }
}

return worst <= 1e-5 ? 0 : 1;

static double Compare(string path, string name)
{
    using var scope = NewDisposeScope();
    var arrays = Path.ChangeExtension(path, ".npz");
    var images = NpyArchive.Read(arrays, "images").requires_grad_();
    var input = name switch { "bytes" => images * 255, "channels_last" => images.permute(0, 2, 3, 1), _ => images };
    var watch = Stopwatch.StartNew();
    var graph = OnnxReader.Read(ModelProto.Parser.ParseFrom(File.ReadAllBytes(path)), images.shape[1..], keepsSoftmax: true);
    var time = watch.ElapsedMilliseconds;
    var scores = graph.Run(input, [.. graph.Parameters.Select(parameter => parameter.Value)]);
    (scores * arange(scores.shape[1], dtype: ScalarType.Float32).cos()).sum().backward();
    var runtime = Share(OnnxRuntime(path, input.detach(), graph, name == "bytes"), scores);
    Console.WriteLine(
        $"| {name} | {graph.Nodes.Length} | {time} | {runtime:E1} | {Share(NpyArchive.Read(arrays, "scores"), scores):E1} | " +
        $"{Share(NpyArchive.Read(arrays, "gradients"), images.grad!):E1} |");
    return runtime;
}

// The largest difference as a share of the largest number.
static double Share(Tensor expected, Tensor found) =>
    ((found - expected).abs().max() / expected.abs().max()).to(ScalarType.Float64).item<double>();

// Image by image, as some files take no more.
static Tensor OnnxRuntime(string path, Tensor images, NetworkGraph graph, bool isBytes)
{
    using var options = new SessionOptions { LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL };
    using var session = new InferenceSession(path, options);
    using var run = new RunOptions();
    var rows = new List<Tensor>();
    for (var i = 0; i < images.shape[0]; i++)
    {
        var numbers = images[i].contiguous().data<float>().ToArray();
        using var value = isBytes
            ? OrtValue.CreateTensorValueFromMemory(Array.ConvertAll(numbers, number => (byte)Math.Round(number)), graph.Input.At(1))
            : OrtValue.CreateTensorValueFromMemory(numbers, graph.Input.At(1));
        using var results = session.Run(run, [session.InputNames[0]], [value], [session.OutputNames[0]]);
        rows.Add(tensor(results[0].GetTensorDataAsSpan<float>().ToArray(), results[0].GetTensorTypeAndShape().Shape));
    }

    return cat(rows);
}
