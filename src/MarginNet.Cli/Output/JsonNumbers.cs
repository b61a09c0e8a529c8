using System.Text.Json;
using MarginNet.Detection;

namespace MarginNet.Cli.Output;

/// <summary>Numbers that may be infinite, which JSON cannot say.</summary>
internal static class JsonNumbers
{
    /// <summary>Writes a number, or null where it is not finite.</summary>
    public static void Write(Utf8JsonWriter json, string name, double value)
    {
        if (double.IsFinite(value))
        {
            json.WriteNumber(name, value);
        }
        else
        {
            json.WriteNull(name);
        }
    }

    /// <summary>Writes a number and the ends of its interval.</summary>
    public static void Write(Utf8JsonWriter json, string name, double value, Interval interval)
    {
        Write(json, name, value);
        json.WriteStartArray(name + "_interval");
        json.WriteNumberValue(interval.Low);
        json.WriteNumberValue(interval.High);
        json.WriteEndArray();
    }
}
