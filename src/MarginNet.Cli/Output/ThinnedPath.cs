using System.Text.Json;

namespace MarginNet.Cli.Output;

/// <summary>A path of any length in a bounded number of points, each the largest value of as many samples.</summary>
internal sealed class ThinnedPath
{
    private const int Most = 2000;

    private readonly List<double> _largest = [];
    private long _count;

    /// <summary>The samples of a point.</summary>
    public long Stride { get; private set; } = 1;

    /// <summary>The largest value of each stretch.</summary>
    public IReadOnlyList<double> Largest => _largest;

    public void Add(double value)
    {
        if (_count++ % Stride > 0)
        {
            _largest[^1] = Math.Max(_largest[^1], value);
            return;
        }

        if (_largest.Count == Most)
        {
            for (var i = 0; i < Most / 2; i++)
            {
                _largest[i] = Math.Max(_largest[2 * i], _largest[(2 * i) + 1]);
            }

            _largest.RemoveRange(Most / 2, Most / 2);
            Stride *= 2;
        }

        _largest.Add(value);
    }

    public void Write(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteNumber("count", _count);
        json.WriteNumber("stride", Stride);
        json.WriteStartArray("largest");
        _largest.ForEach(json.WriteNumberValue);
        json.WriteEndArray();
        json.WriteEndObject();
    }

    public static ThinnedPath Read(JsonElement json)
    {
        var path = new ThinnedPath { _count = json.GetProperty("count").GetInt64(), Stride = json.GetProperty("stride").GetInt64() };
        path._largest.AddRange(json.GetProperty("largest").EnumerateArray().Select(value => value.GetDouble()));
        return path.Stride > 0 ? path : throw new InvalidDataException("Its path has no stride.");
    }
}
