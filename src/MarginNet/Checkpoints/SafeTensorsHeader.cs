using System.Buffers;
using System.Collections.Immutable;
using System.Text.Json;
using static TorchSharp.torch;

namespace MarginNet.Checkpoints;

/// <summary>The JSON header of a safetensors file: where each tensor's elements lie, counted from the header's end.</summary>
internal sealed class SafeTensorsHeader
{
    /// <summary>The format's limit, in bytes.</summary>
    public const int MaxLength = 100_000_000;

    public const string MetadataKey = "__metadata__";
    public const string TypeKey = "dtype";
    public const string ShapeKey = "shape";
    public const string PlaceKey = "data_offsets";
    private const int Alignment = 8;

    /// <summary>The tensors in the header's order.</summary>
    public required List<Entry> Entries { get; init; }

    public required IReadOnlyDictionary<string, string> Metadata { get; init; }

    /// <summary>The header of tensors that lie one after the other, those of the widest elements first, so that all are aligned.</summary>
    public static SafeTensorsHeader For(SafeTensors content)
    {
        if (content.Tensors.ContainsKey(MetadataKey))
        {
            throw new ArgumentException($"A tensor cannot be named '{MetadataKey}', where the format keeps texts.", nameof(content));
        }

        var places = new Dictionary<string, Entry>();
        long at = 0;
        foreach (var (name, tensor) in content.Tensors.OrderByDescending(item => ElementTypes.SizeOf(item.Value.Type)))
        {
            places[name] = new(name, tensor.Type, tensor.Shape, at, at += tensor.Data.Length);
        }

        return new() { Entries = [.. content.Tensors.Keys.Select(name => places[name])], Metadata = content.Metadata };
    }

    /// <summary>Refuses tensors that overlap, leave holes, or do not end where the data end:
    /// two views of one place could claim any size.</summary>
    public void CheckPlaces(long dataLength)
    {
        long end = 0;
        foreach (var entry in InOrderOfPlace())
        {
            if (entry.Start != end)
            {
                throw new InvalidDataException($"Its tensor {FileText.Quote(entry.Name)} starts at byte {entry.Start}; expected {end}, "
                    + "where the one before ends: no overlap and no hole is allowed.");
            }

            end = entry.End;
        }

        if (end != dataLength)
        {
            throw new InvalidDataException($"Its tensors claim {end} bytes, but it holds {dataLength}: it is cut off or damaged.");
        }
    }

    public IEnumerable<Entry> InOrderOfPlace() => Entries.OrderBy(entry => entry.Start).ThenBy(entry => entry.End);

    /// <summary>The header as JSON, filled up with spaces to a multiple of 8 bytes.</summary>
    public byte[] ToJson()
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            if (Metadata.Count > 0)
            {
                writer.WriteStartObject(MetadataKey);
                foreach (var (key, value) in Metadata)
                {
                    writer.WriteString(key, value);
                }

                writer.WriteEndObject();
            }

            Entries.ForEach(entry => Write(writer, entry));
            writer.WriteEndObject();
        }

        var padding = (Alignment - (buffer.WrittenCount % Alignment)) % Alignment;
        buffer.GetSpan(padding)[..padding].Fill((byte)' ');
        buffer.Advance(padding);
        return buffer.WrittenCount <= MaxLength
            ? buffer.WrittenSpan.ToArray()
            : throw new ArgumentException($"The names and texts take {buffer.WrittenCount} bytes; the format allows {MaxLength}.");
    }

    private static void Write(Utf8JsonWriter writer, Entry entry)
    {
        writer.WriteStartObject(entry.Name);
        writer.WriteString(TypeKey, ElementTypes.SafeNameOf(entry.Type));
        WriteNumbers(writer, ShapeKey, [.. entry.Shape]);
        WriteNumbers(writer, PlaceKey, [entry.Start, entry.End]);
        writer.WriteEndObject();
    }

    private static void WriteNumbers(Utf8JsonWriter writer, string key, ReadOnlySpan<long> numbers)
    {
        writer.WriteStartArray(key);
        foreach (var number in numbers)
        {
            writer.WriteNumberValue(number);
        }

        writer.WriteEndArray();
    }

    /// <summary>One tensor: bytes <paramref name="Start"/> to <paramref name="End"/> (not included) of the data.</summary>
    internal sealed record Entry(string Name, ScalarType Type, ImmutableArray<long> Shape, long Start, long End);
}
