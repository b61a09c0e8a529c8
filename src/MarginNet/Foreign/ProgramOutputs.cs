using MarginNet.Checkpoints;

namespace MarginNet.Foreign;

/// <summary>An output of a program.</summary>
/// <param name="Name">Its name, its key, or its number in a tuple.</param>
/// <param name="Shape">Its sizes, at most 0 where any; null where it is not known.</param>
/// <param name="IsReal">Whether it is a tensor of real numbers.</param>
/// <param name="Text">What messages call it.</param>
internal sealed record ProgramOutput(string Name, long[]? Shape, bool IsReal, string Text)
{
    /// <summary>Whether it may be scores: a row for each image with two numbers or more, and else sizes of 1.</summary>
    public bool MayBeScores => IsReal && (Shape is null || (Shape.Length >= 2 && Shape[1..].Count(size => size != 1) == 1));
}

/// <summary>Which of a program's outputs has the scores.</summary>
internal static class ProgramOutputs
{
    private const int MostShown = 8;

    /// <summary>Chooses the one that was asked for, or the only one that can be scores.</summary>
    /// <exception cref="InvalidDataException">There is no such output, or several may be scores.</exception>
    public static ProgramOutput Choose(IReadOnlyList<ProgramOutput> outputs, string? asked)
    {
        if (asked is not null)
        {
            return outputs.FirstOrDefault(output => output.Name == asked) ?? throw new InvalidDataException(
                outputs is [{ Name.Length: 0 }] ? "It has one output, without a name: leave --model-output (LoadOptions.Output) " +
                    "out." : $"It has no output {FileText.Quote(asked)}, but {ListOf(outputs)}.");
        }

        ProgramOutput[] possible = [.. outputs.Where(output => output.MayBeScores)];
        return outputs is [var only] ? only
            : possible is [{ Shape: not null } single] ? single
            : throw new InvalidDataException($"It has several outputs, {ListOf(outputs)}: say which has the scores by --model-output " +
                $"NAME, at import also --output NAME (LoadOptions.Output).");
    }

    /// <summary>Says which has the scores.</summary>
    public static string Note(IReadOnlyList<ProgramOutput> outputs, string chosen) => $"of its outputs {ListOf(outputs)}, " +
        $"{FileText.Quote(chosen)} has the scores.";

    /// <summary>Shows outputs with their shapes.</summary>
    public static string ListOf(IReadOnlyList<ProgramOutput> outputs) =>
        string.Join(", ", outputs.Take(MostShown).Select(output => $"{FileText.Show(output.Name)} " +
            $"{FileText.Show(output.Text)}")) + (outputs.Count > MostShown ? ", ..." : "");
}
