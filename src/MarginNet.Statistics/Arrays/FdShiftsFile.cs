using System.Globalization;
using System.IO.Compression;
using System.Text.RegularExpressions;
using MarginNet.Checkpoints;

namespace MarginNet.Arrays;

/// <summary>
/// The raw_logits.npz of fd-shifts (IML-DKFZ/fd-shifts; Jaeger et al. 2023): logits, labels and data sets of samples in one array of shape
/// [N, C + 2]. A row is the C logits of a sample, its label, and the index of its data set.
/// </summary>
/// <remarks>By fd-shifts' defaults (<c>val_tuning</c>) data set 0 is the validation set and 1 the test set of the training's distribution;
/// without, 0 is that test set. Those that follow are shifted or foreign, and labels of foreign ones count other classes.</remarks>
public static partial class FdShiftsFile
{
    /// <summary>What fd-shifts calls the file.</summary>
    public const string Name = "raw_logits.npz";

    /// <summary>The label of a sample that is of none of the classes, or of which nobody knows: −1.</summary>
    public const int Unknown = -1;

    private const int Beside = 2; // Columns that are no logits.

    // What numpy.savez calls the only array; a time that is always the same, numpy's own, makes the same bytes.
    private const string Entry = "arr_0.npy";
    private static readonly DateTimeOffset EntryTime = new(1980, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>Whether a path names a file of this kind: it is called <see cref="Name"/>, or ends in <c>.npz@</c> and an index.</summary>
    /// <param name="path">The path.</param>
    /// <returns>True where <see cref="Read"/> is to read it; the plain array of such a file is <c>raw_logits.npz:arr_0</c>.</returns>
    public static bool IsOne(string path) => Indexed().IsMatch(path) || Path.GetFileName(path) == Name;

    /// <summary>Reads one data set.</summary>
    /// <param name="path">The file, with one array of any type of numbers; <c>file.npz@3</c> for data set 3, else 0.</param>
    /// <returns>Logits, shape [N, C] with C ≥ 2, and labels, shape [N], each in [0, C); or all <see cref="Unknown"/>, and a note says so,
    /// where one is outside, as those of foreign samples are. The order is the file's.</returns>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">The file is malformed, has other columns, or no such data set.</exception>
    public static (NumericArray Logits, int[] Labels) Read(string path)
    {
        var match = Indexed().Match(path);
        var file = match.Success ? match.Groups["file"].Value : path;
        var dataset = match.Success ? double.Parse(match.Groups["index"].Value, CultureInfo.InvariantCulture) : 0;
        var array = ArrayFile.Read(file);
        if (array.Columns < 2 + Beside)
            throw new InvalidDataException($"{file}: expected the columns of fd-shifts, the logits of at least 2 classes, label and "
                + $"dataset_idx, but found shape {ArrayFile.Describe(array)}.");

        var (rows, sets) = (new List<int>(), new SortedSet<double>());
        for (var i = 0; i < array.Rows; i++)
        {
            var (label, index) = (array.Row(i)[^2], array.Row(i)[^1]);
            if (!double.IsInteger(label) || !double.IsInteger(index) || index < 0)
                throw new InvalidDataException(FormattableString.Invariant(
                    $"{file}: expected label and dataset_idx in the last two columns, whole numbers, as fd-shifts writes them, but row {i} has {label} and {index}; logits alone are {file}:arr_0."));

            sets.Add(index);
            if (index == dataset)
                rows.Add(i);
        }

        return rows.Count > 0 ? Take(array, [.. rows], path) : throw new InvalidDataException(FormattableString.Invariant(
            $"{file} has no data set {dataset}, only {FileText.Show(string.Join(", ", sets))}: choose one, as in {file}@0."));
    }

    /// <summary>Writes data sets, whole or not at all, in float64, which holds float32 exactly.</summary>
    /// <param name="path">The file to write or replace, by custom <see cref="Name"/>.</param>
    /// <param name="sets">The data sets, numbered from 0: logits of shape [N, C] and labels of shape [N],
    /// <see cref="Unknown"/> where there is none.</param>
    /// <exception cref="ArgumentException">There is no data set, one has other classes than the first, or not one label a row.</exception>
    /// <exception cref="IOException">The file cannot be written; an earlier one of that name is unchanged.</exception>
    public static void Write(string path, params IReadOnlyList<(NumericArray Logits, int[] Labels)> sets)
    {
        ArgumentNullException.ThrowIfNull(sets);
        if (sets.Count == 0)
            throw new ArgumentException("Expected at least one data set, but got none.", nameof(sets));

        var (rows, columns) = (sets.Sum(set => set.Logits.Rows), sets[0].Logits.Columns + Beside);
        var values = new double[rows * columns];
        var place = values.AsSpan();
        for (var dataset = 0; dataset < sets.Count; dataset++)
        {
            var (logits, labels) = sets[dataset];
            if (logits.Columns != columns - Beside || labels.Length != logits.Rows)
                throw new ArgumentException($"Expected {columns - Beside} logits and a label in each row of data set {dataset}, "
                    + $"but got logits of shape {ArrayFile.Describe(logits)} and {labels.Length} labels.", nameof(sets));

            for (var i = 0; i < labels.Length; i++)
            {
                logits.Row(i).CopyTo(place);
                (place[columns - 2], place[columns - 1]) = (labels[i], dataset);
                place = place[columns..];
            }
        }

        AtomicFile.Write(path, stream =>
        {
            using var archive = new ZipArchive(stream, ZipArchiveMode.Create, leaveOpen: true);
            var entry = archive.CreateEntry(Entry);
            entry.LastWriteTime = EntryTime;
            using var content = entry.Open();
            NumpyFormat.Write<double>(content, values, [rows, columns]);
        });
    }

    private static (NumericArray Logits, int[] Labels) Take(NumericArray array, int[] rows, string name)
    {
        var classes = array.Columns - Beside;
        var (values, labels) = (new double[rows.Length * classes], new int[rows.Length]);
        var logits = new NumericArray(values, rows.Length, classes, IsVector: false);
        for (var i = 0; i < rows.Length; i++)
        {
            var row = array.Row(rows[i]);
            row[..classes].CopyTo(values.AsSpan(i * classes));
            labels[i] = row[^2] >= 0 && row[^2] < classes ? (int)row[^2] : Unknown;
        }

        if (Array.IndexOf(labels, Unknown) is not (>= 0 and var foreign))
            return (logits, labels);

        Array.Fill(labels, Unknown);
        return (logits with
        {
            Notes =
            [
                FormattableString.Invariant(
                    $"{name}: its labels are of other classes than the {classes} of the logits (row {foreign} has {array.Row(rows[foreign])[^2]}), so its samples are taken to have none."),
            ],
        }, labels);
    }

    [GeneratedRegex(@"^(?<file>.+\.npz)@(?<index>[0-9]{1,9})$", RegexOptions.CultureInvariant | RegexOptions.IgnoreCase)]
    private static partial Regex Indexed();
}
