using MarginNet.Cli.Output;

namespace MarginNet.Cli.Input;

/// <summary>Samples that a p-value should flag.</summary>
/// <param name="Kind">What JSON calls their kind.</param>
/// <param name="Set">Their name among several sets of the kind; null where there is one.</param>
/// <param name="Samples">The samples.</param>
internal sealed record AtypicalSet(string Kind, string? Set, Samples Samples)
{
    /// <summary>What JSON calls them.</summary>
    public string Key => Set is null ? Kind : $"{Kind}:{Set}";

    /// <summary>What text calls them.</summary>
    public string Name => Set is not null ? $"images of '{Set}'" : Kind == DetectionTable.Attack ? "attacked images" : "foreign samples";

    /// <summary>What the samples that they are told from are called.</summary>
    public string Typical => Kind == DetectionTable.Attack ? "clean images" : "known samples";

    /// <summary>Short names of files or folders, one for each: the last part of the path, or all of it where another has the same;
    /// null for one alone.</summary>
    /// <exception cref="UserErrorException">One is named twice.</exception>
    public static string?[] Names(string[] paths)
    {
        if (paths.GroupBy(path => path).FirstOrDefault(group => group.Count() > 1) is { } twice)
        {
            throw new UserErrorException($"'{twice.Key}' is named twice: name each set of samples once.");
        }

        string[] names = Array.ConvertAll(paths, path => Path.GetFileName(Path.TrimEndingDirectorySeparator(path)));
        return paths.Length == 1 ? [null] : [.. names.Select((name, i) => names.Count(other => other == name) == 1 ? name : paths[i])];
    }
}
