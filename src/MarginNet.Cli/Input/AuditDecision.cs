using MarginNet.Data;

namespace MarginNet.Cli.Input;

/// <summary>What an audit.csv has decided of the training images: those that it flags are left out or get other labels.</summary>
internal sealed class AuditDecision
{
    private readonly ImageTable _table;
    private readonly string _name;
    private readonly int[] _rows;
    private readonly bool[] _isFlagged;

    /// <param name="path">The file.</param>
    /// <param name="option">The option that names it, for messages.</param>
    /// <param name="train">The images, under the labels that were audited.</param>
    /// <param name="classNames">The names of their classes.</param>
    /// <param name="folder">Where paths may start.</param>
    public AuditDecision(string path, string option, ImageSet train, IReadOnlyList<string> classNames, string? folder)
    {
        (_table, _name) = (new(path, option), $"{option} '{path}'");
        if (_table.Count != train.Count)
        {
            throw new UserErrorException($"{_name} is of {_table.Count} images, but there are {train.Count} to train on: "
                + "give the audit of this data, with the same limits.");
        }

        _rows = _table.RowsOf(train, folder);
        var given = _table.Classes("given", classNames);
        for (var i = 0; i < _rows.Length; i++)
        {
            if (given[_rows[i]] != train.Labels[i])
            {
                throw new UserErrorException($"{_name} has image {train.Numbers[i]} labelled {classNames[given[_rows[i]]]}, "
                    + $"but it is labelled {classNames[train.Labels[i]]}: give the audit of these labels.");
            }
        }

        _isFlagged = [.. _table.Column("flagged").Select((text, row) => text switch
        {
            "true" or "True" or "1" => true,
            "false" or "False" or "0" => false,
            _ => throw new UserErrorException($"{_name}, row {row + 1} has '{text}' for flagged: expected true or false."),
        })];
    }

    /// <summary>The number of images flagged.</summary>
    public int Count => _isFlagged.Count(flagged => flagged);

    /// <summary>The images that are not flagged.</summary>
    public ImageSet Drop(ImageSet train)
    {
        int[] kept = [.. Enumerable.Range(0, train.Count).Where(i => !_isFlagged[_rows[i]])];
        return kept.Length > 0 ? train.Select(kept) : throw new UserErrorException($"{_name} flags every image: none is left to train on.");
    }

    /// <summary>All images, the flagged ones under the labels suggested for them.</summary>
    public ImageSet Relabel(ImageSet train, IReadOnlyList<string> classNames)
    {
        var suggested = _table.Column("suggested");
        if (Enumerable.Range(0, suggested.Length).Where(row => _isFlagged[row] && suggested[row].Length == 0).ToArray() is [var row, ..])
        {
            throw new UserErrorException($"{_name}, row {row + 1} is flagged and suggests no label, as where only margins were known: "
                + "use --drop, or audit scores of every class.");
        }

        if (Count == 0)
        {
            return train;
        }

        var classes = _table.Classes("suggested", classNames);
        return train.WithLabels([.. train.Labels.ToArray().Select((label, i) => _isFlagged[_rows[i]] ? classes[_rows[i]] : label)]);
    }
}
