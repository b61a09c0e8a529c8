using MarginNet.Cli.Options;

namespace MarginNet.Cli.Input;

/// <summary>A property to decide of a network.</summary>
/// <param name="Network">The network as it is named.</param>
/// <param name="Property">The property as it is named.</param>
/// <param name="Seconds">The longest time; null for none given.</param>
/// <param name="NetworkPath">Where the network is.</param>
/// <param name="PropertyPath">Where the property is.</param>
internal sealed record VerificationInstance(string Network, string Property, double? Seconds, string NetworkPath, string PropertyPath)
{
    /// <summary>Both names.</summary>
    public string Name => $"{Network} {Property}";

    /// <summary>Reads a set: lines of network, property and seconds, with paths from the folder of the file.</summary>
    /// <exception cref="UserErrorException">It is not there, empty, or has another line.</exception>
    public static VerificationInstance[] ReadAll(string file)
    {
        if (!File.Exists(file))
        {
            throw new UserErrorException($"--instances '{file}' does not exist: give a CSV file of network, property and seconds.");
        }

        var folder = Path.GetDirectoryName(Path.GetFullPath(file))!;
        VerificationInstance[] all = [.. File.ReadLines(file).Index().Where(line => line.Item.Trim().Length > 0)
            .Select(line => Read(line.Item, folder, $"--instances '{file}', line {line.Index + 1}"))];
        return all.Length > 0 ? all
            : throw new UserErrorException($"--instances '{file}' is empty: expected lines of network, property and seconds.");
    }

    private static VerificationInstance Read(string line, string folder, string place)
    {
        if (line.Any(c => char.IsControl(c) || char.IsSurrogate(c)))
        {
            throw new UserErrorException($"{place} has characters that no name has: expected network, property and seconds.");
        }

        string[] fields = [.. line.Split(',').Select(field => field.Trim().Trim('"'))];
        if (fields is not [{ Length: > 0 } network, { Length: > 0 } property, .. { Length: <= 1 } rest])
        {
            throw new UserErrorException($"{place} has {fields.Length} fields: expected network, property and seconds.");
        }

        double? seconds = null;
        if (rest is [{ Length: > 0 } text])
        {
            seconds = Number.TryParse<double>(text, out var number) && number is > 0 and <= 1e6 ? number
                : throw new UserErrorException($"{place} has '{text}' for its seconds: expected a number above 0.");
        }

        return new(network, property, seconds, Path.Combine(folder, network), Path.Combine(folder, property));
    }
}
