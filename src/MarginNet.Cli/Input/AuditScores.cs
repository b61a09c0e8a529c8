using System.Collections.Immutable;
using System.CommandLine;
using System.Globalization;
using MarginNet.Arrays;
using MarginNet.Audit;
using MarginNet.Cli.Options;

namespace MarginNet.Cli.Input;

/// <summary>Margins, logits or probabilities of any framework to audit: <c>--margins</c>, <c>--logits</c>, <c>--probabilities</c>,
/// <c>--labels</c> and <c>--classes</c>.</summary>
internal sealed class AuditScores
{
    private readonly Option<string?> _margins = new("--margins")
    {
        Description = "Labelled margins that any framework recorded, shape [epochs, N] or [N]: a .npy, .npz or .csv file.",
    };
    private readonly Option<string?> _logits = new("--logits")
    {
        Description = "Logits that it recorded, shape [epochs, N, C] or [N, C], with --labels: a .npy, .npz or .csv file.",
    };
    private readonly Option<string?> _probabilities = new("--probabilities")
    {
        Description = "The same as probabilities, such as out-of-fold ones.",
    };
    private readonly Option<string?> _labels = new("--labels")
    {
        Description = "The given label of each sample, 0 to C - 1 or a name of --classes: a .npy, .npz or .csv file.",
    };
    private readonly Option<string?> _classes = new("--classes")
    {
        Description = "The names of the classes, one a line, in the order of the scores.",
    };

    public Option[] All => [_margins, _logits, _probabilities, _labels, _classes];

    /// <summary>The one that is given; null for none.</summary>
    public Option? Given(ParseResult parsed)
    {
        Option[] given = [.. new Option[] { _margins, _logits, _probabilities }.Where(parsed.IsGiven)];
        return given.Length <= 1 ? given.FirstOrDefault() : throw new UserErrorException(
            $"{string.Join(" and ", given.Select(option => option.Name))} are all given: give one of them.");
    }

    /// <summary>Requires that nothing goes without scores.</summary>
    public void ThrowIfIdle(ParseResult parsed)
    {
        if (Array.Find([_labels, _classes], parsed.IsGiven) is { } idle)
        {
            throw new UserErrorException($"{idle.Name} goes with --margins, --logits or --probabilities: leave it out.");
        }
    }

    /// <summary>Reads what is given.</summary>
    /// <returns>The evidence, and the names of the classes; none where only margins are known.</returns>
    public (AuditEvidence Evidence, ImmutableArray<string> ClassNames) Read(ParseResult parsed)
    {
        if (parsed.GetValue(_margins) is { } margins)
        {
            var record = EpochScores.ReadMargins(margins);
            if (parsed.GetValue(_labels) is not { } labelsOfMargins)
            {
                return (new(new int[record.Count], ClassCount: 2) { Record = record }, []);
            }

            var names = ClassNames(parsed, null)
                ?? [.. Enumerable.Range(0, 1 + (int)ArrayFile.Read(labelsOfMargins).Values.ToArray().Max()).Select(Number)];
            var given = ReadLabels(parsed, labelsOfMargins, names, record.Count, margins);
            return (new(given, Math.Max(2, names.Length)) { Record = record }, names);
        }

        var isLogits = parsed.GetValue(_logits) is not null;
        var path = parsed.GetValue(_logits) ?? parsed.GetValue(_probabilities)!;
        var epochs = EpochScores.Read(path, areProbabilities: !isLogits);
        if (parsed.GetValue(_labels) is not { } labelsPath)
        {
            throw new UserErrorException(
                $"{(isLogits ? _logits : _probabilities).Name} need {_labels.Name}, the given label of each sample.");
        }

        var classes = epochs[0].ClassCount;
        ImmutableArray<string> classNames = ClassNames(parsed, classes) ?? [.. Enumerable.Range(0, classes).Select(Number)];
        var labels = ReadLabels(parsed, labelsPath, classNames, epochs[0].Count, path);
        return (new(labels, classes)
        {
            Record = Margins.MarginRecord.FromScores(epochs, labels),
            Scores = epochs[^1],
            OutOfFold = epochs.Length == 1 ? epochs[0] : null,
        }, classNames);
    }

    private ImmutableArray<string>? ClassNames(ParseResult parsed, int? count)
    {
        if (parsed.GetValue(_classes) is not { } path)
        {
            return null;
        }

        if (!File.Exists(path))
        {
            throw new UserErrorException($"{_classes.Name} '{path}' does not exist: give a file with the name of a class on each line.");
        }

        ImmutableArray<string> names = [.. File.ReadLines(path).Select(line => line.Trim()).Where(line => line.Length > 0)];
        return names.Length >= 2 && (count is null || names.Length == count) ? names : throw new UserErrorException(
            $"{_classes.Name} '{path}' has {names.Length} names: "
            + $"expected {(count is null ? "at least 2" : $"{count}, one for each score")}.");
    }

    private static int[] ReadLabels(ParseResult parsed, string path, ImmutableArray<string> classNames, int count, string scores)
    {
        var labels = ArrayFile.ReadLabels(path, classNames, count, parsed.Note);
        return labels.Length == count ? labels : throw new UserErrorException(
            $"--labels '{path}' has {labels.Length} labels, but '{scores}' has {count} samples: give one label for each.");
    }

    private static string Number(int value) => value.ToString(CultureInfo.InvariantCulture);
}
