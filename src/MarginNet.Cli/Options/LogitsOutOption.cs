using System.CommandLine;
using MarginNet.Arrays;
using MarginNet.Checkpoints;
using MarginNet.Cli.Input;

namespace MarginNet.Cli.Options;

/// <summary><c>--logits-out</c>: the scores and labels themselves, for <c>--logits</c> and for other programs.</summary>
internal sealed class LogitsOutOption
{
    private readonly Option<string?> _file = new("--logits-out")
    {
        Description = "Also write the logits with their labels as fd-shifts' raw_logits.npz has them, [N, C + 2]: logits, label (-1 where "
            + "unknown), and the number of the data set from 0 on, of 'detect' that of the samples, the attacked and the foreign ones.",
    };

    public void AddTo(Command command) => command.Add(_file);

    public bool IsGiven(ParseResult parsed) => parsed.IsGiven(_file);

    /// <summary>Makes sure, before the work, that the file can be written.</summary>
    public void ThrowIfNotWritable(ParseResult parsed)
    {
        if (parsed.GetValue(_file) is not { } file)
        {
            return;
        }

        if (Path.GetExtension(file) != ".npz")
        {
            throw new UserErrorException($"{_file.Name} is '{file}': expected a name that ends in .npz.");
        }

        AtomicFile.ThrowIfNotWritable(file);
    }

    /// <summary>Writes the file where it is asked for.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="sets">The data sets.</param>
    public void Write(ParseResult parsed, params IEnumerable<Samples> sets)
    {
        if (parsed.GetValue(_file) is { } file)
        {
            FdShiftsFile.Write(file, [.. sets.Select(set => (set.Logits, set.Labels))]);
        }
    }
}
