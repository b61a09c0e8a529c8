namespace MarginNet.Cli;

/// <summary>What a misspelled name was probably meant to be.</summary>
internal static class Suggestion
{
    /// <summary>A sentence that names the nearest candidate, with a space before it; empty where none is near.</summary>
    public static string For(string name, IEnumerable<string> candidates)
    {
        var allowed = Math.Max(1, name.Trim('-').Length / 3);
        var nearest = candidates.Select(candidate => (Name: candidate, Distance: Distance(name, candidate)))
            .Where(candidate => candidate.Distance <= allowed || candidate.Name.StartsWith(name, StringComparison.OrdinalIgnoreCase)
                || candidate.Name.EndsWith($"-{name}", StringComparison.OrdinalIgnoreCase))
            .OrderBy(candidate => candidate.Distance)
            .ThenBy(candidate => candidate.Name, StringComparer.Ordinal)
            .FirstOrDefault();
        return nearest.Name is null ? "" : $" Did you mean '{nearest.Name}'?";
    }

    /// <summary>Letters to insert, delete, replace or swap with their neighbour to get from one word to the other,
    /// whatever their case (optimal string alignment).</summary>
    public static int Distance(string first, string second)
    {
        var distances = new int[first.Length + 1, second.Length + 1];
        for (var i = 0; i <= first.Length; i++)
        {
            for (var j = 0; j <= second.Length; j++)
            {
                distances[i, j] = i == 0 || j == 0 ? i + j : Step(i, j);
            }
        }

        return distances[first.Length, second.Length];

        int Step(int i, int j)
        {
            var isSame = Same(first[i - 1], second[j - 1]);
            var least = Math.Min(Math.Min(distances[i - 1, j], distances[i, j - 1]) + 1, distances[i - 1, j - 1] + (isSame ? 0 : 1));
            var isSwapped = i > 1 && j > 1 && Same(first[i - 1], second[j - 2]) && Same(first[i - 2], second[j - 1]);
            return isSwapped ? Math.Min(least, distances[i - 2, j - 2] + 1) : least;
        }
    }

    private static bool Same(char first, char second) => char.ToUpperInvariant(first) == char.ToUpperInvariant(second);
}
