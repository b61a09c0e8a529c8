using System.Globalization;
using MarginNet.Checkpoints;

namespace MarginNet.Arrays;

/// <summary>Labels as people keep them, each made the number of its class.</summary>
/// <param name="path">What messages call the file.</param>
/// <param name="classNames">The names of the classes.</param>
/// <param name="sampleCount">How many there should be, where known.</param>
/// <param name="note">Told what was left out or taken otherwise than it may seem.</param>
internal sealed class ClassLabels(string path, IReadOnlyList<string> classNames, int? sampleCount, Action<string>? note)
{
    private const int FewRows = 2;

    private readonly bool _areNamed = classNames.Where((name, i) => name != Number(i)).Any();

    /// <summary>The numbers of C classes, for names.</summary>
    public static string[] Unnamed(int classCount) => [.. Enumerable.Range(0, classCount).Select(Number)];

    /// <summary>Reads what an array of numbers or texts holds.</summary>
    public int[] Read((NumericArray? Numbers, string[]? Texts) array) =>
        array.Texts is { } texts ? FromTexts(texts) : FromMatrix(array.Numbers!);

    /// <summary>Reads a column of a text.</summary>
    public int[] Read(TextSource source, string name)
    {
        if (TextTable.Read(source, name) is not { } table || table.Data.IsEmpty)
            return FromMatrix(TextArray.Read(source, name, areScores: false));
        if (ColumnOf(table) is not { } column)
            return FromMatrix(TextArray.Read(source, name, areScores: false));

        if (table.Data.Length > 1)
            table.Note($"the labels are those of {table.Show(column)}.");

        foreach (var line in table.Notes)
            note?.Invoke(line);

        return table.IsText(column) ? FromTexts(table.Texts(column)) : FromNumbers(table.Numbers([column]));
    }

    private static string Number(int value) => value.ToString(CultureInfo.InvariantCulture);

    /// <summary>The only column, the one with a label's name, or the only one that can be labels;
    /// null where there is none or several.</summary>
    private int? ColumnOf(TextTable table)
    {
        int[] data = table.Data.ToArray();
        if (data is [var only])
            return only;
        if (Array.FindAll(data, table.IsLabel) is [var named])
            return named;

        int[] numbers = Array.FindAll(data, column => !table.IsText(column));
        return numbers.Length == 1 && table.IsWhole(numbers[0]) ? numbers[0]
            : numbers.Length == 2 && data.Length == 2 && table.IsCounting(data[0]) && table.IsWhole(data[1])
                && table.Rows > FewRows ? data[1]
            : Array.FindAll(
                data,
                column => table.IsText(column) && Array.TrueForAll(table.Texts(column), text => Find(text) >= 0)) is [var known] ? known
            : null;
    }

    private int[] FromMatrix(NumericArray array)
    {
        foreach (var line in array.Notes)
            note?.Invoke(line);

        if (array.Columns == 1 || array.Rows == 0)
            return FromNumbers(array.Values.Span);
        if (array.Columns == classNames.Count && array.Rows > FewRows && FromIndicators(array) is { } labels)
        {
            note?.Invoke($"{path}: each row is 1 for its class and 0 elsewhere, so the label is the place of the 1.");
            return labels;
        }

        var cure = array.Columns == 2 && Enumerable.Range(0, array.Rows).All(row => array.Row(row)[1] == 0)
            ? "labels as 3,0 with a decimal comma need to be written 3"
            : "keep one column, or call it 'label' in a header";
        throw new InvalidDataException($"{path}: expected one label a row, but found shape {ArrayFile.Describe(array)}; {cure}.");
    }

    private static int[]? FromIndicators(NumericArray array)
    {
        var labels = new int[array.Rows];
        for (var i = 0; i < labels.Length; i++)
        {
            var row = array.Row(i);
            labels[i] = row.IndexOf(1);
            if (labels[i] < 0 || row.Count(0.0) != row.Length - 1)
                return null;
        }

        return labels;
    }

    private int[] FromNumbers(ReadOnlySpan<double> values)
    {
        var labels = new int[values.Length];
        for (var i = 0; i < labels.Length; i++)
        {
            if (!(values[i] >= 0 && values[i] < classNames.Count && values[i] == Math.Floor(values[i])))
                return FromNumericNames(values) ?? throw new InvalidDataException(
                    FormattableString.Invariant(
                        $"{path}: expected labels 0 to {classNames.Count - 1}, but label {i} is {values[i]}.{HintOf(values)}"));

            labels[i] = (int)values[i];
        }

        return labels;
    }

    /// <summary>Labels of classes whose names are numbers, such as the digits 3 and 8; null where one has no such name.</summary>
    private int[]? FromNumericNames(ReadOnlySpan<double> values)
    {
        var labels = new int[values.Length];
        for (var i = 0; i < labels.Length; i++)
        {
            labels[i] = Find(values[i].ToString(CultureInfo.InvariantCulture));
            if (labels[i] < 0)
                return null;
        }

        note?.Invoke($"{path}: the labels are the names of classes, not their numbers.");
        return labels;
    }

    private string HintOf(ReadOnlySpan<double> values)
    {
        var (least, most) = (double.PositiveInfinity, double.NegativeInfinity);
        foreach (var value in values)
            (least, most) = (Math.Min(least, value), Math.Max(most, value));

        return least >= 1 && most == classNames.Count ? FormattableString.Invariant(
            $" They run from {least} to {most} and none is 0, as if counted from 1: subtract 1 from each.") : "";
    }

    private int[] FromTexts(string[] texts)
    {
        if (texts.Length > 1 && (sampleCount ?? texts.Length - 1) == texts.Length - 1 && Find(texts[0]) < 0)
            texts = texts[1..]; // The name of the column.

        var labels = new int[texts.Length];
        for (var i = 0; i < labels.Length; i++)
        {
            labels[i] = Find(texts[i]);
            if (labels[i] < 0)
                throw new InvalidDataException($"{path}: label {i} is {FileText.Quote(texts[i])}, "
                    + $"{(_areNamed ? $"but the classes are {Shown()}" : "a name, but the classes have none: name them in the order of the scores, in a header of the logits or by --classes, or give numbers from 0")}.");
        }

        return labels;
    }

    private string Shown() => FileText.Show(string.Join(", ", classNames));

    /// <summary>The class of a name, or of true and false where no class is called so; −1 where there is none.</summary>
    private int Find(string text)
    {
        var name = text.Trim();
        var found = IndexOf(name, StringComparison.Ordinal);
        found = found < 0 ? IndexOf(name, StringComparison.OrdinalIgnoreCase) : found;
        return found >= 0 ? found
            : name.Equals("true", StringComparison.OrdinalIgnoreCase) ? 1
            : name.Equals("false", StringComparison.OrdinalIgnoreCase) ? 0
            : -1;
    }

    private int IndexOf(string name, StringComparison comparison)
    {
        for (var i = 0; i < classNames.Count; i++)
        {
            if (classNames[i].Trim().Equals(name, comparison))
                return i;
        }

        return -1;
    }
}
