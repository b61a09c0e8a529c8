using System.Collections.Immutable;
using System.Globalization;
using System.Text;

namespace MarginNet.Verification;

/// <summary>What was found out of a property.</summary>
/// <param name="Answer">The answer.</param>
/// <param name="Input">The counterexample, shape [inputs]; null without one.</param>
/// <param name="Output">The network's outputs there, shape [outputs]; null without one.</param>
/// <param name="Reason">What it stands on, or why it is not known, in a sentence.</param>
/// <param name="Seconds">The time it took.</param>
public sealed record Verdict(
    Answer Answer, ImmutableArray<double>? Input, ImmutableArray<double>? Output, string Reason, double Seconds)
{
    /// <summary>How it was proven, of <see cref="Answer.Unsat"/>; else null.</summary>
    public VerificationProof? Proof { get; init; }

    /// <summary>The answer as the competition on verification has it: in lower case on the first line, and behind <c>sat</c> the
    /// counterexample, all digits of it, as <c>((X_0 0.5) … (Y_0 1.25) …)</c>.</summary>
    public string Text
    {
        get
        {
            var text = new StringBuilder(Name(Answer));
            if (Input is { } input && Output is { } output)
            {
                var values = input.Select((value, i) => $"(X_{i} {Number(value)})")
                    .Concat(output.Select((value, i) => $"(Y_{i} {Number(value)})"));
                text.Append("\n(").AppendJoin("\n ", values).Append(')');
            }

            return text.ToString();
        }
    }

    /// <summary>An answer in the competition's words.</summary>
    /// <param name="answer">The answer.</param>
    public static string Name(Answer answer) => answer switch
    {
        Answer.Unsat => "unsat",
        Answer.Sat => "sat",
        Answer.Timeout => "timeout",
        _ => "unknown",
    };

    private static string Number(double value) => value.ToString("R", CultureInfo.InvariantCulture);
}
