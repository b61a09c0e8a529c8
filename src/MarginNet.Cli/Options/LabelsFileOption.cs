using System.CommandLine;
using MarginNet.Cli.Input;
using MarginNet.Data;

namespace MarginNet.Cli.Options;

/// <summary><c>--labels-file</c>: labels of training images from a table, instead of those of their folders.</summary>
internal sealed class LabelsFileOption
{
    private readonly Option<string?> _file = new("--labels-file")
    {
        Description = "Labels of the training images instead of those of the data: a CSV file with columns file (or index) and label; "
            + "FILE.csv:NAME takes them from another column.",
    };

    public Option Option => _file;

    public void AddTo(Command command) => command.Add(_file);

    public bool IsGiven(ParseResult parsed) => parsed.GetValue(_file) is not null;

    /// <summary>Gives the training images the labels of the file, where one is given.</summary>
    public ImageDataset Apply(ParseResult parsed, ImageDataset dataset, string? folder)
    {
        if (parsed.GetValue(_file) is not { } given)
        {
            return dataset;
        }

        var colon = given.LastIndexOf(".csv:", StringComparison.OrdinalIgnoreCase);
        var (path, column) = colon < 0 ? (given, "label") : (given[..(colon + 4)], given[(colon + 5)..]);
        var table = new ImageTable(path, _file.Name);
        var (classes, train) = (table.Classes(column, dataset.ClassNames), dataset.Train);
        int[] labels = [.. table.RowsOf(train, folder).Select(row => classes[row])];
        return dataset with { Train = train.WithLabels(labels) };
    }
}
