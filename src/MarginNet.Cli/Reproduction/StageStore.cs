using System.Collections.Immutable;
using System.Diagnostics;
using System.Security.Cryptography;
using System.Text.Json;
using MarginNet.Checkpoints;

namespace MarginNet.Cli.Reproduction;

/// <summary>
/// The finished stages in a folder. A stage is computed again if its settings or inputs differ from those it was computed with,
/// or if one of its files is not as it was written.
/// </summary>
internal sealed class StageStore
{
    private const string StateExtension = ".resume.pt";
    private const int StateKeyLength = 12;

    private readonly string _folder;
    private readonly string _records;
    private readonly RunEnvironment _environment;
    private readonly bool _force;

    /// <param name="folder">Where the files go; made where it is missing.</param>
    /// <param name="environment">What computes new stages.</param>
    /// <param name="force">Whether to compute everything again.</param>
    public StageStore(string folder, RunEnvironment environment, bool force)
    {
        (_folder, _records, _environment, _force) = (folder, Path.Combine(folder, "stages"), environment, force);
        Directory.CreateDirectory(_records);
    }

    public string File(string name) => Path.Combine(_folder, name);

    /// <summary>Returns the record of a stage that is up to date; null where it has to be computed.</summary>
    public StageRecord? Find(Stage stage)
    {
        if (_force || !System.IO.File.Exists(RecordFile(stage)))
        {
            return null;
        }

        var record = Read(RecordFile(stage));
        return record?.Key == stage.Key
            && stage.Outputs.Select(name => Digest(File(name))).SequenceEqual(record.Digests) ? record with { IsKept = true } : null;
    }

    /// <summary>Computes a stage whatever is there. What was there counts for nothing until the new files are whole.</summary>
    /// <param name="stage">The stage.</param>
    /// <param name="work">Writes its files, and returns facts that are not in them.</param>
    public StageRecord Compute(Stage stage, Func<ImmutableSortedDictionary<string, double>> work)
    {
        System.IO.File.Delete(RecordFile(stage));
        var watch = Stopwatch.StartNew();
        var facts = work();
        return Add(stage, watch.Elapsed.TotalSeconds, facts);
    }

    /// <summary>Records a stage whose files were written.</summary>
    public StageRecord Add(Stage stage, double seconds, ImmutableSortedDictionary<string, double> facts)
    {
        var record =
            new StageRecord(stage.Name, stage.Key, [.. stage.Outputs.Select(name => Digest(File(name))!)], seconds, _environment, facts);
        AtomicFile.Write(RecordFile(stage), stream => JsonSerializer.Serialize(stream, record, ResultJson.Options));
        return record;
    }

    /// <summary>Where a stage that takes long keeps its state.</summary>
    /// <param name="name">What the file's name begins with.</param>
    /// <param name="stage">The stage, so that the state is not taken for that of another.</param>
    public string StateFile(string name, Stage stage) => File($"{name}.{stage.Key[..StateKeyLength]}{StateExtension}");

    /// <summary>Removes the states of a stage that is finished, those of other settings too.</summary>
    public void DeleteStates(string name)
    {
        foreach (var state in Directory.EnumerateFiles(_folder, $"{name}.*.resume.*"))
        {
            System.IO.File.Delete(state);
        }
    }

    private string RecordFile(Stage stage) => Path.Combine(_records, $"{stage.Name}.json");

    /// <summary>Reads a record; null where another version wrote it, or it is damaged.</summary>
    private static StageRecord? Read(string path)
    {
        try
        {
            using var file = System.IO.File.OpenRead(path);
            var record = JsonSerializer.Deserialize<StageRecord>(file, ResultJson.Options);
            return record is { Digests.IsDefault: false, Environment: not null, Facts: not null } ? record : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static string? Digest(string path)
    {
        if (!System.IO.File.Exists(path))
        {
            return null;
        }

        using var file = System.IO.File.OpenRead(path);
        return Convert.ToHexStringLower(SHA256.HashData(file));
    }
}
