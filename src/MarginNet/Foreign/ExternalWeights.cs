using System.Globalization;
using Google.Protobuf;
using MarginNet.Checkpoints;

namespace MarginNet.Foreign;

/// <summary>
/// Brings the weights that an ONNX model keeps in files beside it into the model. A file is followed only where it lies in the model's
/// folder or below, by a path without <c>..</c> and without links that lead out; together they take no more memory than the files are long.
/// </summary>
internal sealed class ExternalWeights
{
    private const string Cure = "keep it beside the model, or save the model as one file: torch.onnx.export(..., external_data=False)";
    private const int MostNested = 64;
    private const int MostLinks = 40;
    private const int TensorRawData = 9;
    private const int TensorExternalData = 13;
    private const int TensorLocation = 14;

    private readonly string _folder;
    private readonly Dictionary<string, (string Path, long Length)> _files = [];
    private long _taken;

    private ExternalWeights(string folder) => _folder = folder;

    /// <summary>The model with all its weights; itself where it has them.</summary>
    /// <param name="model">The file.</param>
    /// <param name="path">Where it was read.</param>
    /// <exception cref="InvalidDataException">A file is missing, elsewhere, or not as long as the model says.</exception>
    public static ReadOnlyMemory<byte> Embed(ReadOnlyMemory<byte> model, string path)
    {
        var weights = new ExternalWeights(RealPath(Path.GetDirectoryName(Path.GetFullPath(path))!));
        if (weights.Rewrite(model, OnnxPart.Model, depth: 0) is not { } parts)
        {
            return model;
        }

        var length = parts.Sum(part => (long)part.Length);
        if (length > Array.MaxLength)
        {
            throw new InvalidDataException($"With the weights beside it, it has {length} bytes: expected at most {Array.MaxLength}.");
        }

        var whole = GC.AllocateUninitializedArray<byte>((int)length);
        var at = 0;
        foreach (var part in parts)
        {
            part.Span.CopyTo(whole.AsSpan(at));
            at += part.Length;
        }

        return whole;
    }

    /// <summary>The parts of a message that has weights elsewhere; null where it is to stay as it is.</summary>
    private List<ReadOnlyMemory<byte>>? Rewrite(ReadOnlyMemory<byte> message, OnnxPart part, int depth)
    {
        if (part == OnnxPart.None || depth > MostNested)
        {
            return null;
        }

        if (part == OnnxPart.Tensor)
        {
            return RewriteTensor(message);
        }

        var (parts, isChanged) = (new List<ReadOnlyMemory<byte>>(), false);
        for (var reader = new ProtobufReader(message); reader.Next();)
        {
            if (Rewrite(reader.Content, OnnxParts.Of(part, reader.Field), depth + 1) is not { } inner)
            {
                parts.Add(reader.Whole);
                continue;
            }

            isChanged = true;
            parts.Add(Header(reader.Field, inner.Sum(each => (long)each.Length)));
            parts.AddRange(inner);
        }

        return isChanged ? parts : null;
    }

    private List<ReadOnlyMemory<byte>>? RewriteTensor(ReadOnlyMemory<byte> tensor)
    {
        var (place, own, isExternal) = (new Dictionary<string, string>(), new List<ReadOnlyMemory<byte>>(), false);
        var (type, shape) = (0UL, new List<long>());
        for (var reader = new ProtobufReader(tensor); reader.Next();)
        {
            switch (reader.Field)
            {
                case 1: AddSizes(reader, shape); own.Add(reader.Whole); break;
                case 2: type = reader.Number; own.Add(reader.Whole); break;
                case TensorExternalData:
                    var (key, value) = OnnxParts.Entry(reader.Content);
                    place[key] = value;
                    break;
                case TensorLocation: isExternal = reader.Number == 1; break;
                case TensorRawData: break;
                default: own.Add(reader.Whole); break;
            }
        }

        if (!isExternal)
        {
            return null;
        }

        var content = Read(place, OnnxTypes.Bytes(type, shape));
        return [.. own, Header(TensorRawData, content.Length), content];
    }

    /// <summary>What comes before the content of a field of bytes.</summary>
    private static byte[] Header(int field, long length)
    {
        using var header = new MemoryStream();
        using var output = new CodedOutputStream(header);
        output.WriteTag(field, WireFormat.WireType.LengthDelimited);
        output.WriteUInt64((ulong)length);
        output.Flush();
        return header.ToArray();
    }

    private byte[] Read(Dictionary<string, string> place, long? expected)
    {
        var location = place.GetValueOrDefault("location", "");
        var (path, available) = Find(location);
        var offset = Whole(place, "offset") ?? 0;
        var length = Whole(place, "length") ?? available - offset;
        if (length != (expected ?? length) || offset < 0 || length < 0 || length > available - offset || length > Array.MaxLength)
        {
            throw new InvalidDataException($"It keeps weights in {FileText.Quote(location)}: {length} bytes from byte {offset}, where " +
                $"its tensor needs {expected ?? length} and the file has {available}.");
        }

        _taken += length;
        if (_taken > Math.Min(Array.MaxLength, 4 * _files.Values.Sum(file => file.Length)))
        {
            throw new InvalidDataException($"Its weights in other files take more than {Array.MaxLength} bytes, or several times what " +
                "these files have.");
        }

        var content = GC.AllocateUninitializedArray<byte>((int)length);
        using var file = File.OpenRead(path);
        file.Position = offset;
        file.ReadExactly(content);
        return content;
    }

    private (string Path, long Length) Find(string location)
    {
        if (_files.TryGetValue(location, out var known))
        {
            return known;
        }

        var isInside = location.Length > 0 && location.AsSpan().IndexOfAny('\0', ':') < 0 && !Path.IsPathRooted(location)
            && !location.Split('/', '\\').Contains("..");
        var path = isInside ? RealPath(Path.GetFullPath(Path.Combine(_folder, location))) : "";
        if (!path.StartsWith(_folder.TrimEnd(Path.DirectorySeparatorChar) + Path.DirectorySeparatorChar, StringComparison.Ordinal))
        {
            throw new InvalidDataException($"It keeps weights in {FileText.Quote(location)}, which is not in its own folder and is not " +
                $"followed: {Cure}.");
        }

        var file = new FileInfo(path);
        return file.Exists
            ? _files[location] = (path, file.Length)
            : throw new InvalidDataException($"It keeps weights in {FileText.Quote(location)}, which is not beside it: {Cure}.");
    }

    /// <summary>The path with every link in it followed.</summary>
    private static string RealPath(string path)
    {
        var (real, rest, links) = (Path.GetPathRoot(path)!, new Stack<string>(Names(path).AsEnumerable().Reverse()), 0);
        while (rest.TryPop(out var name))
        {
            var next = Path.Combine(real, name);
            if (new FileInfo(next).LinkTarget is not { } target)
            {
                real = next;
                continue;
            }

            if (++links > MostLinks)
            {
                return "";
            }

            var full = Path.GetFullPath(Path.Combine(real, target));
            real = Path.GetPathRoot(full)!;
            foreach (var part in Names(full).AsEnumerable().Reverse())
            {
                rest.Push(part);
            }
        }

        return real;
    }

    private static string[] Names(string path) =>
        path[Path.GetPathRoot(path)!.Length..].Split(Path.DirectorySeparatorChar, StringSplitOptions.RemoveEmptyEntries);

    private static long? Whole(Dictionary<string, string> place, string key) => place.TryGetValue(key, out var text)
        ? long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : -1
        : null;

    /// <summary>One size, or several in a row.</summary>
    private static void AddSizes(ProtobufReader reader, List<long> shape)
    {
        if (reader.Content.IsEmpty)
        {
            shape.Add((long)reader.Number);
            return;
        }

        // Numbers in a row have no field numbers: each is read as if it had one.
        for (var rest = reader.Content; !rest.IsEmpty;)
        {
            var (value, shift, length) = (0UL, 0, 0);
            foreach (var part in rest.Span)
            {
                value |= (ulong)(part & 0x7f) << shift;
                (shift, length) = (shift + 7, length + 1);
                if (part < 0x80 || shift > 63)
                {
                    break;
                }
            }

            shape.Add((long)value);
            rest = rest[length..];
        }
    }
}
