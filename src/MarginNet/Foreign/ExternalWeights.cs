using System.Globalization;
using Google.Protobuf;
using MarginNet.Checkpoints;
using Onnx;

namespace MarginNet.Foreign;

/// <summary>
/// Brings the weights that an ONNX model keeps in files beside it into the model. A file is followed only where it lies in the model's
/// folder or below, by a path without <c>..</c> and without links that lead out; together they take no more memory than the files are long.
/// </summary>
internal sealed class ExternalWeights
{
    private const string Cure = "keep it beside the model, or save the model as one file: torch.onnx.export(..., external_data=False)";
    private const int MostLinks = 40;

    private readonly string _folder;
    private readonly Dictionary<string, (string Path, long Length)> _files = [];
    private long _taken;

    private ExternalWeights(string folder) => _folder = folder;

    /// <summary>The model with all its weights; itself where it has them.</summary>
    /// <param name="file">The file.</param>
    /// <param name="path">Where it was read.</param>
    /// <exception cref="InvalidDataException">A file is missing, elsewhere, or not as long as the model says.</exception>
    public static ReadOnlyMemory<byte> Embed(ReadOnlyMemory<byte> file, string path)
    {
        var model = OnnxFile.Parse(file);
        TensorProto[] elsewhere =
            [.. OnnxFile.Tensors(model).Where(tensor => tensor.DataLocation == TensorProto.Types.DataLocation.External)];
        if (elsewhere.Length == 0)
        {
            return file;
        }

        var weights = new ExternalWeights(RealPath(Path.GetDirectoryName(Path.GetFullPath(path))!));
        Array.ForEach(elsewhere, weights.Bring);
        return file.Length + weights._taken <= Array.MaxLength ? model.ToByteArray() : throw new InvalidDataException(
            $"With the weights beside it, it has {file.Length + weights._taken} bytes: expected at most {Array.MaxLength}.");
    }

    private void Bring(TensorProto tensor)
    {
        var place = new Dictionary<string, string>();
        foreach (var entry in tensor.ExternalData)
        {
            place[entry.Key] = entry.Value;
        }

        tensor.RawData = UnsafeByteOperations.UnsafeWrap(Read(place, OnnxTypes.Bytes((ulong)tensor.DataType, [.. tensor.Dims])));
        tensor.ExternalData.Clear();
        tensor.DataLocation = TensorProto.Types.DataLocation.Default;
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
}
