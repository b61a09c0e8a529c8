using System.Text.Json;
using MarginNet.Cli.Input;
using MarginNet.Verification;

namespace MarginNet.Cli.Output;

/// <summary>What was answered of a property.</summary>
/// <param name="Instance">The property and its network.</param>
/// <param name="Verdict">The verdict; unknown where there is none.</param>
internal sealed record VerificationResult(VerificationInstance Instance, Verdict Verdict)
{
    /// <summary>What is wrong with the files; null where they could be read.</summary>
    public string? Error { get; init; }

    /// <summary>Whether an exception ended it.</summary>
    public bool IsDefect { get; init; }

    /// <summary>The answer, or <c>error</c>.</summary>
    public string Answer => Error is not null || IsDefect ? "error" : Verdict.Name(Verdict.Answer);

    /// <summary>One line for a reader.</summary>
    public string Line => FormattableString.Invariant($"{Answer,-7} {Verdict.Seconds,8:f2} s  {Instance.Name}");

    /// <summary>One line of a CSV file.</summary>
    public string Row => FormattableString.Invariant(
        $"{Csv.Quote(Instance.Network)},{Csv.Quote(Instance.Property)},{Answer},{Verdict.Seconds:f3},{Csv.Quote(Verdict.Reason)}");

    /// <summary>Writes it for programs.</summary>
    public void Write(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteString("network", Instance.Network);
        json.WriteString("property", Instance.Property);
        json.WriteString("answer", Answer);
        json.WriteNumber("seconds", Math.Round(Verdict.Seconds, 3));
        json.WriteString("reason", Verdict.Reason);
        if (Verdict.Proof is { } proof)
        {
            json.WriteStartObject("proof");
            json.WriteString("method", proof.IsByInputs ? "input-splitting" : "neuron-splitting");
            json.WriteNumber("parts", proof.Parts);
            json.WriteNumber("depth", proof.Depth);
            if (proof is { Neurons: { } neurons, LeastBound: { } least })
            {
                json.WriteNumber("neurons", neurons);
                JsonNumbers.Write(json, "least_bound", least);
            }

            json.WriteString("arithmetic", "float64");
            json.WriteEndObject();
        }

        foreach (var (name, values) in new[] { ("input", Verdict.Input), ("output", Verdict.Output) })
        {
            if (values is { } numbers)
            {
                json.WriteStartArray(name);
                foreach (var number in numbers)
                {
                    json.WriteNumberValue(number);
                }

                json.WriteEndArray();
            }
        }

        json.WriteEndObject();
    }
}
