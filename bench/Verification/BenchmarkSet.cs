using System.Diagnostics;
using System.Globalization;
using MarginNet.Foreign;
using MarginNet.Verification;

namespace MarginNet.Bench.Verification;

/// <summary>A set of instances in a folder.</summary>
internal sealed class BenchmarkSet
{
    private readonly string _folder;
    private (string Path, VerificationNetwork Network)? _last;

    private BenchmarkSet(string folder)
    {
        _folder = folder;
        Instances = [.. File.ReadLines(Path.Combine(folder, "instances.csv"))
            .Select(line => line.Split(','))
            .Where(fields => fields.Length >= 3)
            .Select(fields => new Instance(
                Known(fields[0]), Known(fields[1]), TimeSpan.FromSeconds(double.Parse(fields[2], CultureInfo.InvariantCulture))))];
    }

    public string Folder => _folder;

    public Instance[] Instances { get; }

    public static BenchmarkSet Read(string folder) => new(folder);

    /// <summary>The file of a name in a table: packed or not, and where it is in none of the set's folders by the names of its own folder
    /// and itself, as sets that were flattened have them. Null where there is none.</summary>
    public string? Find(string name)
    {
        var (file, parent) = (Path.GetFileName(name), Path.GetFileName(Path.GetDirectoryName(name)) ?? "");
        var kind = name.Contains(".onnx", StringComparison.Ordinal) ? "onnx" : "vnnlib";
        string[] candidates = [Path.Combine(kind, file), Path.Combine(kind, $"{parent}-{file}"), name];
        return candidates.SelectMany(candidate => new[] { candidate, candidate + ".gz" }).Select(path => Path.Combine(_folder, path))
            .FirstOrDefault(File.Exists);
    }

    public Verdict Decide(Instance instance, TimeSpan? timeout)
    {
        var start = Stopwatch.GetTimestamp();
        if (_last?.Path != instance.Network)
        {
            _last?.Network.Dispose();
            _last = (instance.Network, VerificationNetwork.Load(instance.Network));
        }

        var verdict = _last.Value.Network.Verify(
            VnnLib.Read(instance.Property), new() { TimeLimit = (timeout ?? instance.Timeout) - Stopwatch.GetElapsedTime(start) });
        return verdict with { Seconds = Stopwatch.GetElapsedTime(start).TotalSeconds };
    }

    private string Known(string name) => Find(name) ?? throw new FileNotFoundException($"'{name}' is not in {_folder}.");
}
