using System.IO.Compression;
using MarginNet.Checkpoints;

namespace MarginNet.Arrays;

/// <summary>Reads scores and labels that any framework wrote: NumPy's .npy and .npz, or text with one row a line.</summary>
public static class ArrayFile
{
    private const string Cure = "give a .npy, .npz or .csv file";
    private const long MaxExpansion = 1032; // Deflate's best ratio.

    /// <summary>Reads a vector or matrix of numbers.</summary>
    /// <remarks>
    /// A text has one separator, decided from all of it: tabs, semicolons, commas or spaces; decimal points, or commas where another
    /// separator or quotation marks show that they are; a header or none. An index column, as pandas writes, is left out,
    /// and so are columns without numbers: <see cref="NumericArray.Notes"/> says so.
    /// </remarks>
    /// <param name="path">A .npy file, a .npz file (<c>file.npz:name</c> where it holds several arrays), or a .csv,
    /// .tsv or .txt file.</param>
    /// <returns>The numbers.</returns>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">The file is malformed or holds no vector or matrix of numbers;
    /// the message is one line that says where.</exception>
    public static NumericArray Read(string path) =>
        Open(path, NumpyFormat.Read, (source, name) => TextArray.Read(source, name, areScores: false));

    /// <summary>Reads logits.</summary>
    /// <param name="path">The file; see <see cref="Read"/>. A column of a text that is called as labels are, and holds whole numbers,
    /// is left out.</param>
    /// <returns>A matrix of shape [N, C] with C ≥ 2.</returns>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">The file is malformed or has another shape.</exception>
    public static NumericArray ReadLogits(string path)
    {
        var logits = Open(path, NumpyFormat.Read, (source, name) => TextArray.Read(source, name, areScores: true));
        if (logits.IsVector || logits.Columns < 2)
            throw new InvalidDataException(
                $"{path}: expected logits of shape [N, C] with at least 2 classes, but found shape {Describe(logits)}.");

        return logits;
    }

    /// <summary>Reads class labels that are numbers.</summary>
    /// <param name="path">The file; see <see cref="Read"/>.</param>
    /// <param name="classCount">Number of classes C.</param>
    /// <returns>Labels, shape [N], each in [0, C).</returns>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">The file is malformed, has another shape, or holds a number that is no label.</exception>
    public static int[] ReadLabels(string path, int classCount) => ReadLabels(path, ClassLabels.Unnamed(classCount));

    /// <summary>Reads class labels: numbers, whole or as 3.0, names of classes, or true and false for 1 and 0;
    /// or rows that are 1 for the class and 0 elsewhere.</summary>
    /// <remarks>Of a text with several columns that one is read that its header calls label, target or class, or the only one that may be;
    /// a note says so.</remarks>
    /// <param name="path">The file; see <see cref="Read"/>. A .npy or .npz file may hold texts, too.</param>
    /// <param name="classNames">The name of each of the C classes, in the order of the scores;
    /// their numbers 0 to C − 1 where they have none.</param>
    /// <param name="sampleCount">How many samples there are, by which a header is told from a name that no class has; null, the default,
    /// where unknown.</param>
    /// <param name="note">Told what was left out or taken otherwise than it may seem, a line each; null, the default, for nobody.</param>
    /// <returns>Labels, shape [N], each in [0, C).</returns>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">The file is malformed, has another shape, or holds something that is no label.</exception>
    public static int[] ReadLabels(string path, IReadOnlyList<string> classNames, int? sampleCount = null, Action<string>? note = null)
    {
        var labels = new ClassLabels(path, classNames, sampleCount, note);
        return Open(path, (stream, length, name) => labels.Read(NumpyFormat.ReadNumbersOrTexts(stream, length, name)), labels.Read);
    }

    /// <summary>Writes class labels to a .npy file, int64, whole or not at all.</summary>
    /// <param name="path">The file to write or replace, by custom <c>*.npy</c>.</param>
    /// <param name="labels">Labels, shape [N].</param>
    /// <exception cref="IOException">The file cannot be written; an earlier one of that name is unchanged.</exception>
    public static void WriteLabels(string path, ReadOnlySpan<int> labels)
    {
        var values = new long[labels.Length];
        for (var i = 0; i < values.Length; i++)
            values[i] = labels[i];

        AtomicFile.Write(path, stream => NumpyFormat.Write<long>(stream, values, [values.Length]));
    }

    /// <summary>Reads scores of one epoch, shape [N, C], or of several, [E, N, C], in float32.</summary>
    /// <param name="path">The file; see <see cref="Read"/>. A text holds one epoch.</param>
    /// <returns>The numbers and their shape, of three dimensions.</returns>
    internal static (float[] Values, int[] Shape) ReadScores(string path)
    {
        var (values, shape) = Open(path, NumpyFormat.ReadScores, (source, name) =>
        {
            var matrix = TextArray.Read(source, name, areScores: true);
            return (Array.ConvertAll(matrix.Values.ToArray(), value => (float)value), new[] { matrix.Rows, matrix.Columns });
        });
        return (values, shape.Length == 3 ? shape : [1, .. shape]);
    }

    /// <summary>Opens a file by its kind.</summary>
    /// <param name="path">The file, or an array in an archive.</param>
    /// <param name="readArray">Reads a .npy file, of which it is told the length and what messages call it.</param>
    /// <param name="readText">Reads a text.</param>
    private static T Open<T>(string path, Func<Stream, long, string, T> readArray, Func<TextSource, string, T> readText)
    {
        var (file, entry) = SplitEntry(path);
        if (!File.Exists(file))
            throw new FileNotFoundException($"There is no file {file}; {Cure}.", file);

        switch (Path.GetExtension(file).ToUpperInvariant())
        {
            case ".NPY":
                using (var stream = File.OpenRead(file))
                    return readArray(stream, stream.Length, file);
            case ".NPZ":
                return ReadArchive(file, entry, readArray);
            case ".CSV" or ".TSV" or ".TXT":
                using (var source = new TextSource(file))
                    return readText(source, file);
            default:
                throw new InvalidDataException($"{file} is no array file by its name: {Cure}.");
        }
    }

    private static T ReadArchive<T>(string file, string? name, Func<Stream, long, string, T> readArray)
    {
        using var archive = OpenArchive(file);
        var names = archive.Entries.Select(entry => entry.FullName)
            .Where(n => n.EndsWith(".npy", StringComparison.Ordinal))
            .Select(n => n[..^4])
            .ToArray();
        var found = FileText.Show(string.Join(", ", names));
        name ??= names is [var only]
            ? only
            : throw new InvalidDataException($"{file} holds {names.Length} arrays ({found}): choose one, as in {file}:name.");
        var entry = archive.GetEntry(name + ".npy") ?? throw new InvalidDataException($"{file} holds no array '{name}', only {found}.");
        name = FileText.Show(name);
        try
        {
            if (entry.CompressedLength > new FileInfo(file).Length || entry.Length > MaxExpansion * entry.CompressedLength)
                throw new InvalidDataException($"it claims {entry.Length} bytes in {entry.CompressedLength}");

            using var stream = entry.Open();
            return readArray(stream, entry.Length, $"{file}:{name}");
        }
        catch (InvalidDataException e) when (!e.Message.StartsWith(file, StringComparison.Ordinal))
        {
            throw new InvalidDataException($"{file}:{name} is corrupt ({e.Message})", e);
        }
    }

    private static ZipArchive OpenArchive(string file)
    {
        try
        {
            var archive = ZipFile.OpenRead(file);
            _ = archive.Entries; // Reads the directory.
            return archive;
        }
        catch (InvalidDataException e)
        {
            throw new InvalidDataException($"{file} is no .npz archive, or is cut short ({e.Message})", e);
        }
    }

    private static (string File, string? Entry) SplitEntry(string path)
    {
        var colon = path.LastIndexOf(".npz:", StringComparison.OrdinalIgnoreCase) + 4;
        return colon < 4 ? (path, null) : (path[..colon], path[(colon + 1)..]);
    }

    internal static string Describe(NumericArray array) => array.IsVector ? $"[{array.Rows}]" : $"[{array.Rows}, {array.Columns}]";
}
