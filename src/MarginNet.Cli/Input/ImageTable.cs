using System.Globalization;
using MarginNet.Cli.Output;
using MarginNet.Data;

namespace MarginNet.Cli.Input;

/// <summary>A CSV file with a header and a row for each image, which it names by its file or its number.</summary>
internal sealed class ImageTable
{
    private static readonly string[] FileColumns = ["file", "path", "image"];
    private static readonly string[] NumberColumns = ["index", "number"];

    private readonly string _name;
    private readonly string[] _header;
    private readonly string[][] _rows;

    /// <param name="path">The file.</param>
    /// <param name="option">The option that names it, for messages.</param>
    public ImageTable(string path, string option)
    {
        _name = $"{option} '{path}'";
        if (!File.Exists(path))
        {
            throw new UserErrorException($"{_name} does not exist: give a CSV file with a header and a row for each image.");
        }

        string[][] lines = [.. File.ReadLines(path).Where(line => line.Trim().Length > 0).Select(Csv.Fields)];
        if (lines.Length < 2)
        {
            throw new UserErrorException($"{_name} has no rows: expected a header and a row for each image.");
        }

        (_header, _rows) = ([.. lines[0].Select(name => name.Trim().TrimStart('\uFEFF'))], lines[1..]);
        if (Array.FindIndex(_rows, row => row.Length != _header.Length) is >= 0 and var odd)
        {
            throw new UserErrorException($"{_name}, row {odd + 1} has {_rows[odd].Length} fields, but the header has {_header.Length}.");
        }
    }

    /// <summary>The number of rows.</summary>
    public int Count => _rows.Length;

    /// <summary>The fields of a column.</summary>
    public string[] Column(string column) => Find(column) is >= 0 and var place
        ? Array.ConvertAll(_rows, row => row[place].Trim())
        : throw new UserErrorException($"{_name} has no column '{column}', only {string.Join(", ", _header)}.");

    /// <summary>The row of each image, by its file where images are in files of their own and the table has them,
    /// else by its number.</summary>
    /// <param name="images">The images.</param>
    /// <param name="folder">Where paths start that are not absolute and not of the working folder; null for nowhere else.</param>
    /// <exception cref="UserErrorException">An image has no row, or two.</exception>
    public int[] RowsOf(ImageSet images, string? folder)
    {
        var byFile = !images.Files.IsEmpty && Array.Exists(FileColumns, name => Find(name) >= 0);
        var columns = byFile ? FileColumns : NumberColumns;
        var column = Array.Find(columns, name => Find(name) >= 0)
            ?? throw new UserErrorException(
                $"{_name} does not say which image a row is of: expected a column {(images.Files.IsEmpty ? "" : "'file' or ")}'index'.");
        var rows = new Dictionary<string, int>();
        foreach (var (row, field) in Column(column).Index())
        {
            if (!rows.TryAdd(byFile ? Place(field, folder) : field, row))
            {
                throw new UserErrorException($"{_name} has two rows of '{field}': leave one of them out.");
            }
        }

        int? RowOf(int i) => rows.TryGetValue(
            byFile ? Path.GetFullPath(images.Files[i]) : images.Numbers[i].ToString(CultureInfo.InvariantCulture), out var row)
            ? row
            : null;
        return [.. Enumerable.Range(0, images.Count).Select(i => RowOf(i) ?? throw new UserErrorException(
            $"{_name} has no row of training image {(byFile ? $"'{images.Files[i]}'" : images.Numbers[i])}: give the file of this data."))];
    }

    /// <summary>The class of each row, by its name or number.</summary>
    public int[] Classes(string column, IReadOnlyList<string> classNames)
    {
        var classes = Column(column);
        return [.. classes.Select((text, row) => ClassOf(text, classNames) ?? throw new UserErrorException(
            $"{_name}, row {row + 1} has the {column} '{text}', which is no class: expected {string.Join(", ", classNames.Take(10))}"
            + $"{(classNames.Count > 10 ? ", …" : "")}."))];
    }

    private static int? ClassOf(string text, IReadOnlyList<string> classNames)
    {
        for (var c = 0; c < classNames.Count; c++)
        {
            if (classNames[c] == text)
            {
                return c;
            }
        }

        return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number < classNames.Count
            ? number
            : null;
    }

    /// <summary>Where a file is: as it is named, or from the folder of the data.</summary>
    private static string Place(string file, string? folder) =>
        folder is not null && !Path.IsPathRooted(file) && !File.Exists(file)
            ? Path.GetFullPath(Path.Combine(folder, file))
            : Path.GetFullPath(file);

    private int Find(string column) => Array.IndexOf(_header, column);
}
