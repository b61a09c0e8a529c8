using System.Diagnostics;
using MarginNet.Data;
using MarginNet.Export;
using MarginNet.ModelFiles;
using MarginNet.Models;
using Microsoft.ML.OnnxRuntime;
using static TorchSharp.torch;

namespace MarginNet.Zoo;

/// <summary>How fast a ResNet-18 is scored as the module that it was, as the graph of its ONNX file, and by ONNX Runtime.</summary>
internal static class ScoringSpeed
{
    private const int Images = 256;
    private const int Batch = 64;
    private const int Side = 32;

    /// <summary>Measures all three in turns, and prints a line of a table for each.</summary>
    public static void Measure(int rounds)
    {
        _ = manual_seed(1);
        var pixels = new byte[Images * 3 * Side * Side];
        new Random(1).NextBytes(pixels);
        var images = ImageSet.Create(pixels, new int[Images], 3, Side, Side);
        using var module = new MarginModel(new ResNet18(new()), [.. Enumerable.Range(0, 10).Select(i => $"{i}")], (Side, Side));
        module.Network.eval();
        var path = Path.GetTempFileName();
        try
        {
            ModelExport.ToOnnx(module, path);
            using var graph = MarginModel.Load(path);
            using var options = new SessionOptions { IntraOpNumThreads = get_num_threads() };
            using var session = new InferenceSession(path, options);
            (string Name, Action Score)[] contenders =
            [
                ("module", () => _ = module.Score(images, Batch)), ("graph", () => _ = graph.Score(images, Batch)),
                ("ONNX Runtime", () => Score(session, images)),
            ];
            var seconds = contenders.Select(_ => new List<double>()).ToArray();
            for (var round = -1; round < rounds; round++) // The first warms up.
            {
                for (var i = 0; i < contenders.Length; i++)
                {
                    var next = (i + Math.Max(round, 0)) % contenders.Length;
                    var start = Stopwatch.GetTimestamp();
                    contenders[next].Score();
                    if (round >= 0)
                    {
                        seconds[next].Add(Stopwatch.GetElapsedTime(start).TotalSeconds);
                    }
                }
            }

            Console.WriteLine("| scored as | images/s, fastest of all rounds "
                + "| speed to the module's, round by round: least, median, most |");
            Console.WriteLine("|---|---:|---|");
            foreach (var (contender, own) in contenders.Zip(seconds))
            {
                var ratios = own.Zip(seconds[0], (time, modules) => modules / time).Order().ToArray();
                Console.WriteLine($"| {contender.Name} | {Images / own.Min():F0} "
                    + $"| {ratios[0]:F2}, {ratios[rounds / 2]:F2}, {ratios[^1]:F2} |");
            }
        }
        finally
        {
            File.Delete(path);
        }
    }

    /// <summary>From bytes, as the others do.</summary>
    private static void Score(InferenceSession session, ImageSet images)
    {
        using var run = new RunOptions();
        for (var start = 0; start < images.Count; start += Batch)
        {
            using var scope = NewDisposeScope();
            var pixels = images.ToTensor([.. Enumerable.Range(start, Batch)]).data<float>().ToArray();
            using var value = OrtValue.CreateTensorValueFromMemory(pixels, [Batch, 3, Side, Side]);
            using var results = session.Run(run, [session.InputNames[0]], [value], [session.OutputNames[0]]);
        }
    }
}
