using System.Buffers;
using System.Text;
using System.Text.Json;
using MarginNet.PValues;

namespace MarginNet.ModelFiles;

/// <summary>What a model file says beside its weights, as the JSON that exported files carry under the name <c>marginnet</c>.</summary>
internal static class ModelDescription
{
    public const string Key = "marginnet";

    private static readonly string[] Left = ["training", "metrics", "state_dict"];

    /// <summary>The architecture, class names, size of images, normalisation and null model.</summary>
    /// <param name="model">The model.</param>
    /// <param name="isScaled">Whether the output scale is part of the exported weights.</param>
    public static string ToJson(MarginModel model, bool isScaled)
    {
        var graph = MarginModelFormat.ToGraph(model);
        Array.ForEach(Left, key => graph.Remove(key));
        ((Dictionary<string, object?>)graph["architecture"]!).Remove("graph"); // The file is the graph.
        if (isScaled)
        {
            ((Dictionary<string, object?>)graph["architecture"]!)["output_scale"] = 1.0;
        }

        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            PlainValueJson.Write(writer, graph);
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }
}
