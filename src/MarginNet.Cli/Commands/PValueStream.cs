using System.Text;
using MarginNet.Arrays;
using MarginNet.Cli.Input;
using MarginNet.Cli.Output;
using MarginNet.Data;
using MarginNet.PValues;

namespace MarginNet.Cli.Commands;

/// <summary>Scores rows of logits as they come.</summary>
internal static class PValueStream
{
    private const string Name = "standard input";

    /// <summary>Answers each row of text on <paramref name="input"/> by a line on <paramref name="output"/>, before it waits for the next.</summary>
    /// <param name="input">Logits as CSV; it is disposed.</param>
    /// <param name="output">Receives a header and one line a row.</param>
    /// <param name="nullModel">The null model, of as many classes as a row has numbers.</param>
    /// <param name="rule">What flags.</param>
    /// <param name="ties">What breaks ties of ranks; null for none.</param>
    /// <param name="throwIfOtherClasses">Told the number of classes of each row.</param>
    /// <param name="cancellation">Stops between rows.</param>
    /// <returns>The number of rows, and how many were flagged.</returns>
    public static (int Count, int Flagged) Run(
        Stream input, TextWriter output, MarginNullModel nullModel, FlagRule rule, Random? ties, Action<int, string> throwIfOtherClasses, CancellationToken cancellation)
    {
        var format = new PValueFormat(Samples.NamesOf(nullModel.Classes.Length), rule.Tail, withAdjusted: false);
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
            foreach (var logits in CsvRows.Read(reader, Name))
            {
                cancellation.ThrowIfCancellationRequested();
                throwIfOtherClasses(logits.Length, Name);
                var (decided, margin) = Samples.Decide(logits, count, Name);
                var p = nullModel.Score(margin, decided, rule.Null, ties);
                var row = new PValueRow(ImageSet.UnknownLabel, decided, margin, p, p.Of(rule.Tail), rule.Flags(p));
                format.Append(lines, count, row);
                count++;
                flagged += row.Flagged ? 1 : 0;
            }
        }
        finally
        {
            Reply();
        }

        return (count, flagged);
    }
}
