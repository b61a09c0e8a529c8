namespace MarginNet.Bench.Verification;

/// <summary>What other tools answered: files of set, network, property, seconds to prepare, answer, seconds.</summary>
internal sealed class PublishedAnswers
{
    private readonly Dictionary<(string Network, string Property), HashSet<string>> _answers = [];

    public static PublishedAnswers Read(BenchmarkSet set)
    {
        var published = new PublishedAnswers();
        foreach (var fields in Directory.GetFiles(Path.Combine(set.Folder, "published"), "*.csv").SelectMany(File.ReadLines)
            .Select(line => line.Split(',')).Where(fields => fields.Length >= 5))
        {
            if ((set.Find(fields[1]), set.Find(fields[2])) is not ({ } network, { } property))
            {
                continue; // The competition's machines were warmed up on an instance of another set.
            }

            var key = (network, property);
            published._answers.TryAdd(key, []);
            published._answers[key].Add(fields[4].ToLowerInvariant() switch
            {
                "sat" or "violated" => "sat",
                "unsat" or "holds" => "unsat",
                _ => "unknown",
            });
        }

        return published;
    }

    /// <summary>What some tool found: sat before unsat, since a counterexample is checked more easily than a proof; else unknown.</summary>
    public string Of(Instance instance)
    {
        var answers = _answers.GetValueOrDefault((instance.Network, instance.Property), []);
        return answers.Contains("sat") ? "sat" : answers.Contains("unsat") ? "unsat" : "unknown";
    }
}
