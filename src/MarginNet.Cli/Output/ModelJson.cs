using System.Text.Json;
using MarginNet.Models;

namespace MarginNet.Cli.Output;

/// <summary>What a model takes and gives, as properties of a JSON object.</summary>
internal static class ModelJson
{
    public static void Write(Utf8JsonWriter json, MarginModel model)
    {
        var ((height, width), normalization) = (model.ImageSize, model.Network.Options.Normalization);
        Write(json, "image_shape", [normalization.Mean.Length, height, width], json.WriteNumberValue);
        Write(json, "mean", normalization.Mean, json.WriteNumberValue);
        Write(json, "standard_deviation", normalization.StandardDeviation, json.WriteNumberValue);
        json.WriteBoolean("rectified", model.Network.Options.Rectify);
        Write(json, "classes", model.ClassNames, json.WriteStringValue);
    }

    private static void Write<T>(Utf8JsonWriter json, string name, IEnumerable<T> values, Action<T> write)
    {
        json.WriteStartArray(name);
        foreach (var value in values)
        {
            write(value);
        }

        json.WriteEndArray();
    }
}
