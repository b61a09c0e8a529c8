using MarginNet.Arrays;
using MarginNet.Margins;

namespace MarginNet.Cli.Reproduction;

/// <summary>Class scores that <see cref="ScoreMatrix.Save"/> kept, as <c>marginnet pvalue --logits</c> reads them too.</summary>
internal static class ScoreFile
{
    public static ScoreMatrix Read(string path)
    {
        var logits = ArrayFile.ReadLogits(path);
        return new(Array.ConvertAll(logits.Values.ToArray(), value => (float)value), logits.Columns);
    }
}
