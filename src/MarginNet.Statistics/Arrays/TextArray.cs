namespace MarginNet.Arrays;

/// <summary>The numbers of a text: a table's columns of data, or where it is none the rows that its lines are one by one.</summary>
internal static class TextArray
{
    /// <param name="source">The text.</param>
    /// <param name="name">What messages call it.</param>
    /// <param name="areScores">Whether whole numbers in a column called as labels are none of the data.</param>
    public static NumericArray Read(TextSource source, string name, bool areScores)
    {
        if (TextTable.Read(source, name) is not { } table || !table.Data.ToArray().Any(column => !table.IsText(column)))
            return ReadLines(source, name);

        var columns = new List<int>();
        foreach (var column in table.Data)
        {
            if (table.IsText(column))
                table.Note($"{table.Show(column)} holds no numbers and was left out.");
            else if (areScores && table.HoldsLabels(column))
                table.Note($"{table.Show(column)} holds whole numbers and is called as labels are, so it is no score and was left out.");
            else
                columns.Add(column);
        }

        return new(table.Numbers([.. columns]), table.Rows, columns.Count, IsVector: false)
        {
            ColumnNames = table.HasNames ? [.. columns.Select(table.NameOf)] : [],
            Notes = [.. table.Notes],
        };
    }

    private static NumericArray ReadLines(TextSource source, string name)
    {
        var values = new List<double>();
        var (rows, columns) = (0, 0);
        foreach (var row in CsvRows.Read(source.Open(), name))
        {
            values.AddRange(row);
            columns = row.Length;
            rows++;
        }

        return new NumericArray(values.ToArray(), rows, columns, IsVector: false);
    }
}
