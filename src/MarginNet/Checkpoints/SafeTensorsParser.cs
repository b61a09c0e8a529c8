using System.Text.Json;
using System.Text.Unicode;
using static MarginNet.Checkpoints.SafeTensorsHeader;

namespace MarginNet.Checkpoints;

/// <summary>Reads the header of a safetensors file that nobody vouches for.</summary>
internal static class SafeTensorsParser
{
    private const int MaxDimensions = 64; // LibTorch's own limit.

    public static SafeTensorsHeader Parse(ReadOnlySpan<byte> json)
    {
        if (!json.StartsWith((byte)'{') || !Utf8.IsValid(json))
        {
            throw new InvalidDataException("Its header is no JSON object in UTF-8: it is damaged, or no safetensors file.");
        }

        var reader = new Utf8JsonReader(json, new() { MaxDepth = 3 });
        try
        {
            return Parse(ref reader);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw new InvalidDataException($"Its header is no valid JSON near byte {reader.BytesConsumed}.", e);
        }
    }

    private static SafeTensorsHeader Parse(ref Utf8JsonReader reader)
    {
        var names = new HashSet<string>();
        var entries = new List<Entry>();
        var metadata = new Dictionary<string, string>();
        reader.Read();
        while (NextKey(ref reader, "") is { } name)
        {
            if (!names.Add(name))
            {
                throw Twice(name, "");
            }

            if (name == MetadataKey)
            {
                ParseTexts(ref reader, metadata);
            }
            else
            {
                entries.Add(ParseEntry(ref reader, name));
            }
        }

        return !reader.Read()
            ? new() { Entries = entries, Metadata = metadata }
            : throw new InvalidDataException("Its header goes on after its JSON object.");
    }

    private static void ParseTexts(ref Utf8JsonReader reader, Dictionary<string, string> metadata)
    {
        Expect(ref reader, JsonTokenType.StartObject, MetadataKey);
        while (NextKey(ref reader, MetadataKey) is { } key)
        {
            Expect(ref reader, JsonTokenType.String, MetadataKey);
            if (!metadata.TryAdd(key, reader.GetString()!))
            {
                throw Twice(key, MetadataKey);
            }
        }
    }

    private static Entry ParseEntry(ref Utf8JsonReader reader, string name)
    {
        Expect(ref reader, JsonTokenType.StartObject, name);
        string? type = null;
        long[]? shape = null;
        long[]? place = null;
        while (NextKey(ref reader, name) is { } key)
        {
            switch (key)
            {
                case TypeKey when type is null:
                    Expect(ref reader, JsonTokenType.String, name);
                    type = reader.GetString();
                    break;
                case ShapeKey when shape is null:
                    shape = ParseNumbers(ref reader, name, MaxDimensions);
                    break;
                case PlaceKey when place is null:
                    place = ParseNumbers(ref reader, name, 2);
                    break;
                default:
                    throw key is TypeKey or ShapeKey or PlaceKey ? Twice(key, name) : Unexpected(name, $"the key {FileText.Quote(key)}");
            }
        }

        return type is not null && shape is not null && place is [var start, var end]
            ? Check(name, type, shape, start, end)
            : throw Unexpected(name, "too little");
    }

    private static Entry Check(string name, string typeName, long[] shape, long start, long end)
    {
        if (ElementTypes.FromSafeName(typeName) is not { } type)
        {
            throw new InvalidDataException($"Its tensor {FileText.Quote(name)} has elements of type {FileText.Quote(typeName)}; "
                + "expected F64, F32, F16, BF16, I64, I32, I16, I8, U8 or BOOL.");
        }

        var length = StoredTensor.ElementCount(shape) is { } count && count <= Array.MaxLength
            ? count * ElementTypes.SizeOf(type)
            : long.MaxValue;
        if (end - start != length || length > Array.MaxLength)
        {
            throw new InvalidDataException($"Its tensor {FileText.Quote(name)} of type {typeName} and shape [{string.Join(", ", shape)}] "
                + $"is said to lie at bytes {start} to {end}, which is not its length, or more than {Array.MaxLength}.");
        }

        return new(name, type, [.. shape], start, end);
    }

    /// <summary>The next key of the object; null at its end.</summary>
    private static string? NextKey(ref Utf8JsonReader reader, string inside)
    {
        reader.Read();
        return reader.TokenType switch
        {
            JsonTokenType.PropertyName => reader.GetString(),
            JsonTokenType.EndObject => null,
            _ => throw Unexpected(inside, "no keys"),
        };
    }

    private static long[] ParseNumbers(ref Utf8JsonReader reader, string name, int maxCount)
    {
        Expect(ref reader, JsonTokenType.StartArray, name);
        var numbers = new List<long>();
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (reader.TokenType != JsonTokenType.Number || !reader.TryGetInt64(out var number) || number < 0 || numbers.Count == maxCount)
            {
                throw Unexpected(name, $"an array with something other than at most {maxCount} whole numbers of at least 0");
            }

            numbers.Add(number);
        }

        return [.. numbers];
    }

    private static void Expect(ref Utf8JsonReader reader, JsonTokenType type, string name)
    {
        reader.Read();
        if (reader.TokenType != type)
        {
            throw Unexpected(name, $"a {reader.TokenType} in place of a {type}");
        }
    }

    private static InvalidDataException Twice(string key, string inside) =>
        new($"Its header has the key {FileText.Quote(key)} twice{(inside.Length == 0 ? "" : $" under {FileText.Quote(inside)}")}.");

    private static InvalidDataException Unexpected(string name, string found) =>
        new($"Its header holds {found} under {FileText.Quote(name)}; expected dtype, shape and data_offsets of each tensor, "
            + $"and texts under '{MetadataKey}'.");
}
