using System.Text.Json;

namespace MarginNet.Cli.Output;

/// <summary>How a set was answered.</summary>
internal sealed class VerificationSummary(IReadOnlyCollection<VerificationResult> results)
{
    private static readonly string[] Answers = ["unsat", "sat", "timeout", "unknown", "error"];

    /// <summary>Writes counts for a reader.</summary>
    public void Write(TextWriter output)
    {
        var counts = string.Join(", ", Counts.Select(count => $"{count.Count} {count.Answer}"));
        output.WriteLine(FormattableString.Invariant(
            $"{results.Count} properties: {counts}; {results.Sum(result => result.Verdict.Seconds):f1} s."));
    }

    /// <summary>Writes counts and all results for programs.</summary>
    public void Write(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        foreach (var (answer, count) in Counts)
        {
            json.WriteNumber(answer, count);
        }

        json.WriteStartArray("results");
        foreach (var result in results)
        {
            result.Write(json);
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private IEnumerable<(string Answer, int Count)> Counts =>
        Answers.Select(answer => (answer, results.Count(result => result.Answer == answer)));
}
