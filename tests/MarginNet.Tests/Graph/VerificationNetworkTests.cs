using System.IO.Compression;
using MarginNet.Graph.Onnx;
using Microsoft.ML.OnnxRuntime;
using Onnx;
using static TorchSharp.torch;
using Tensor = TorchSharp.torch.Tensor;

namespace MarginNet.Tests.Graph;

/// <summary>The networks of the competitions on verification, where they are beside the repository.</summary>
public sealed class VerificationNetworkTests
{
    private static readonly string Folder = Repository.File("../shared/reference/verification");

    private static string[] Files => Directory.Exists(Folder)
        ? [.. Directory.GetFiles(Folder, "*", SearchOption.AllDirectories)
            .Where(path => path.EndsWith(".onnx", StringComparison.Ordinal) || path.EndsWith(".onnx.gz", StringComparison.Ordinal)).Order()]
        : [];

    [VerificationFact]
    public void Their_scores_are_ONNX_Runtimes()
    {
        Assert.NotEmpty(Files);
        foreach (var path in Files)
        {
            Assert.True(Difference(path) <= 1e-5, $"{Path.GetFileName(path)}: {Difference(path)}");
        }
    }

    /// <summary>How far the scores of random images are from ONNX Runtime's, as a share of the largest.</summary>
    private static double Difference(string path)
    {
        using var scope = NewDisposeScope();
        using var inference = no_grad();
        var bytes = Content(path);
        var graph = OnnxReader.Read(ModelProto.Parser.ParseFrom(bytes), null);
        using var session = OnnxSession.Open(bytes);
        var random = new Random(1);
        float[] numbers = [.. Enumerable.Range(0, (int)graph.Input.Count.At(1)).Select(_ => random.NextSingle())];
        var shape = graph.Input.At(1);
        using var value = OrtValue.CreateTensorValueFromMemory(numbers, shape);
        using var run = new RunOptions();
        using var results = session.Run(run, [session.InputNames[0]], [value], session.OutputNames);
        var expected = tensor(results[0].GetTensorDataAsSpan<float>().ToArray(), results[0].GetTensorTypeAndShape().Shape);
        Tensor[] parameters = [.. graph.Parameters.Select(parameter => parameter.Value)];
        // Files for one image take more of them here.
        var found = graph.Run(cat([tensor(numbers, shape), zeros(shape)]), parameters);
        Assert.Equal([2, expected.shape[1]], found.shape);
        return ((expected - found[..1]).abs().max() / expected.abs().max()).item<float>();
    }

    private static byte[] Content(string path)
    {
        using var file = File.OpenRead(path);
        using var unpacked = path.EndsWith(".gz", StringComparison.Ordinal)
            ? new GZipStream(file, CompressionMode.Decompress)
            : (Stream)file;
        using var content = new MemoryStream();
        unpacked.CopyTo(content);
        return content.ToArray();
    }

    private sealed class VerificationFactAttribute : FactAttribute
    {
        public VerificationFactAttribute() => Skip = Files.Length > 0 ? null : "../shared/reference/verification is not there.";
    }
}
