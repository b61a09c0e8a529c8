using System.Collections.Immutable;
using System.Numerics.Tensors;
using MarginNet.Data;
using Microsoft.ML.OnnxRuntime;

namespace MarginNet.ServingBench;

/// <summary>What is compared with: pictures in, the decided class by ONNX Runtime out, and nothing else.</summary>
internal static class BareService
{
    private const int Side = 32;
    private const int Channels = 3;

    /// <summary>Serves /classify until it is killed.</summary>
    /// <param name="model">An ONNX model of images [N, 3, 32, 32].</param>
    /// <param name="url">Where.</param>
    public static void Run(string model, string url)
    {
        var builder = WebApplication.CreateBuilder(["--urls", url, "--Logging:LogLevel:Default", "Warning"]);
        using var options = new Microsoft.ML.OnnxRuntime.SessionOptions { IntraOpNumThreads = Environment.ProcessorCount };
        options.AddSessionConfigEntry("session.intra_op.allow_spinning", "0"); // As the guard has it.
        using var session = new InferenceSession(model, options);
        using var run = new RunOptions();
        ImmutableArray<string> names = SyntheticShapes.ClassNames;
        var app = builder.Build();
        app.MapPost("/classify", async (HttpRequest request) =>
        {
            using var file = new MemoryStream();
            await request.Body.CopyToAsync(file);
            var image = ImageFolder.DecodeImage(file.ToArray(), "The image", Side, Side, Channels);
            var pixels = Array.ConvertAll(image.Pixels(0).ToArray(), pixel => pixel / (float)byte.MaxValue);
            return new { Class = names[Decide(pixels)] };
        });
        app.Run();

        int Decide(float[] pixels)
        {
            using var input = OrtValue.CreateTensorValueFromMemory(pixels, [1, Channels, Side, Side]);
            using var outputs = session.Run(run, session.InputNames, [input], session.OutputNames);
            return TensorPrimitives.IndexOfMax(outputs[0].GetTensorDataAsSpan<float>());
        }
    }
}
