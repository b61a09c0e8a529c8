using System.Text;
using MarginNet.Arrays;
using MarginNet.Cli.Input;
using MarginNet.Cli.Output;
using MarginNet.Data;
using MarginNet.Margins;
using MarginNet.PValues;

namespace MarginNet.Cli.Commands;

/// <summary>Scores rows of logits as they come.</summary>
internal static class PValueStream
{
    private const string Name = "standard input";

    /// <summary>Answers each row of text on <paramref name="input"/> by a line on <paramref name="output"/>,
    /// before it waits for the next.</summary>
    /// <param name="input">Logits as CSV; it is disposed.</param>
    /// <param name="output">Receives a header and one line a row.</param>
    /// <param name="nullModel">The null model, of as many classes as a row has numbers.</param>
    /// <param name="rule">What flags.</param>
    /// <param name="kind">What the rows are; null to take them for logits.</param>
    /// <param name="ties">What breaks ties of ranks; null for none.</param>
    /// <param name="confidence">What flags instead of margins; null for these.</param>
    /// <param name="sets">What sets to give beside; null for none.</param>
    /// <param name="throwIfOtherClasses">Told the number of classes of each row.</param>
    /// <param name="note">Told what is taken otherwise than it may seem.</param>
    /// <param name="cancellation">Stops between rows.</param>
    /// <returns>The number of rows, how many were flagged, and what the first thousand look like.</returns>
    public static (int Count, int Flagged, ScoreKind Kind) Run(
        Stream input,
        TextWriter output,
        MarginNullModel nullModel,
        FlagRule rule,
        ScoreKind? kind,
        Random? ties,
        ConfidenceRank? confidence,
        ClassSets? sets,
        Action<int, string> throwIfOtherClasses,
        Action<string> note,
        CancellationToken cancellation)
    {
        const int Enough = 1000;
        var (classes, firsts) = (nullModel.Classes.Length, new List<double>());

        var format = new PValueFormat(
            Samples.NamesOf(classes), rule.Tail, withAdjusted: false, withSet: sets is not null, confidence: confidence?.Score);
        var lines = new StringBuilder(format.Header).Append('\n');
        void Reply()
        {
            output.Write(lines);
            output.Flush();
            lines.Clear();
        }

        using var reader = new StreamReader(new ReplyingStream(input, Reply));
        var (count, flagged) = (0, 0);
        try
        {
            foreach (var scores in CsvRows.Read(reader, Name, classes, note))
            {
                cancellation.ThrowIfCancellationRequested();
                throwIfOtherClasses(scores.Length, Name);
                firsts.AddRange(count < Enough ? scores : []);
                var logits = ScoreKinds.ToLogits(new(scores, 1, classes, IsVector: false), kind ?? ScoreKind.Logits);
                var (decided, margin) = Samples.Decide(logits.Row(0), count, Name);
                var p = nullModel.Score(margin, decided, rule.Null, ties);
                var own = confidence?.Of(logits.Row(0), decided);
                var deciding = own?.P ?? p.Of(rule.Tail);
                var row = new PValueRow(
                    ImageSet.UnknownLabel, decided, margin, Radius: null, p, deciding, rule.Threshold.Flags(deciding))
                {
                    Confidence = own,
                    Set = sets?.Of(logits.Row(0)),
                };
                format.Append(lines, count, row);
                count++;
                flagged += row.Flagged ? 1 : 0;
            }
        }
        finally
        {
            Reply();
        }

        return (count, flagged, ScoreKinds.Guess(new NumericArray(firsts.ToArray(), firsts.Count / classes, classes, IsVector: false)));
    }
}
