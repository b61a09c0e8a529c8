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

    /// <summary>Writes a share and the ends of its exact 95 % interval, or null where it is of no samples.</summary>
    public static void Write(Utf8JsonWriter json, string name, Proportion share)
    {
        if (share.Total == 0)
        {
            json.WriteNull(name);
            return;
        }

        Write(json, name, share.Rate, share.ExactInterval());
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
