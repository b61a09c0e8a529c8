using Google.Protobuf;
using Microsoft.ML.OnnxRuntime;
using Onnx;

namespace MarginNet.Tests.Graph;

/// <summary>ONNX Runtime on the thread that calls it: tests open thousands of small files, and a pool of threads for each costs far
/// more than what it computes.</summary>
internal static class OnnxSession
{
    public static InferenceSession Open(ModelProto model) => Open(model.ToByteArray());

    public static InferenceSession Open(byte[] model)
    {
        using var options = new SessionOptions
        {
            IntraOpNumThreads = 1,
            InterOpNumThreads = 1,
            LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL,
        };
        return new(model, options);
    }
}
