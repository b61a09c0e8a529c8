using System.Collections.Immutable;
using System.Globalization;
using MarginNet.Checkpoints;
using MarginNet.Data;
using MarginNet.Training;

namespace MarginNet.Cli.Output;

/// <summary>The files of a training run: the model and, named after it, its history, its configuration,
/// its violated constraints and the state to resume it from.</summary>
internal sealed class OutputFiles : IDisposable
{
    private readonly OutputLock? _lock;

    /// <summary>Names the files, and makes sure before hours of training that they can be written, and that no other run does.</summary>
    /// <param name="model">The model file.</param>
    /// <param name="notes">Where a lock that was left behind is told of.</param>
    /// <param name="areWritten">Whether this process writes them. Default true.</param>
    public OutputFiles(string model, TextWriter notes, bool areWritten = true)
    {
        Model = model;
        History = Path.ChangeExtension(model, ".history.jsonl");
        Violations = Path.ChangeExtension(model, ".violations.csv");
        Configuration = Path.ChangeExtension(model, ".config.json");
        State = Path.ChangeExtension(model, ".resume.pt");
        if (model.Length == 0)
        {
            throw new UserErrorException("--out is empty: expected a file to write, such as m.pt.");
        }

        if (!areWritten)
        {
            return;
        }

        AtomicFile.ThrowIfNotWritable(model);
        _lock = new(model);
        if (_lock.Remark is { } remark)
        {
            notes.WriteLine(remark);
        }

        AtomicFile.DeleteLeftovers(model);
    }

    public string Model { get; }

    public string History { get; }

    public string Violations { get; }

    public string Configuration { get; }

    public string State { get; }

    public void Dispose() => _lock?.Dispose();

    /// <summary>Lists the training images whose margin is below the prescribed one, or removes the list of an earlier run.</summary>
    /// <param name="constraints">Which margins are below it.</param>
    /// <param name="images">The images trained on, which know their numbers in the data set and their files.</param>
    /// <param name="classNames">The names of the classes.</param>
    public void WriteViolations(ConstraintReport constraints, ImageSet images, ImmutableArray<string> classNames)
    {
        if (constraints.AllMet)
        {
            File.Delete(Violations);
            return;
        }

        AtomicFile.Write(Violations, stream =>
        {
            using var writer = new StreamWriter(stream, leaveOpen: true);
            writer.WriteLine($"index,class,margin,shortfall,lambda{(images.Files.IsEmpty ? "" : ",file")}");
            foreach (var violation in constraints.Violations)
            {
                var (number, label) = (images.Numbers[violation.Index], Csv.Quote(classNames[images.Labels[violation.Index]]));
                var file = images.Files.IsEmpty ? "" : $",{Csv.Quote(images.Files[violation.Index])}";
                writer.WriteLine(string.Create(
                    CultureInfo.InvariantCulture,
                    $"{number},{label},{violation.Margin:g9},{violation.Shortfall:g9},{violation.DualWeight:g9}{file}"));
            }
        });
    }
}
