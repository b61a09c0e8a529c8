using System.Text.Json;
using MarginNet.ModelFiles;

namespace MarginNet.Cli.Output;

/// <summary>What a model takes and gives, as properties of a JSON object.</summary>
internal static class ModelJson
{
    public static void Write(Utf8JsonWriter json, MarginModel model)
    {
        var ((height, width), normalization) = (model.ImageSize, model.Network.Options.Normalization);
        Write<int>(json, "image_shape", [normalization.Mean.Length, height, width]);
        Write(json, "mean", normalization.Mean);
        Write(json, "standard_deviation", normalization.StandardDeviation);
        json.WriteBoolean("rectified", model.Network.Options.Rectify);
        Write(json, "classes", model.ClassNames);
    }

    /// <summary>Writes a list under its name.</summary>
    public static void Write<T>(Utf8JsonWriter json, string name, IEnumerable<T> values)
    {
        json.WritePropertyName(name);
        JsonSerializer.Serialize(json, values);
    }
}
