using System.Globalization;

namespace MarginNet.Cli.Sharding;

/// <summary>The i-th of n parts of some rows, written <c>i/n</c>.</summary>
/// <param name="Number">i, from 1.</param>
/// <param name="Count">n.</param>
internal readonly record struct Shard(int Number, int Count)
{
    /// <summary>The most parts that anything is cut into.</summary>
    public const int MostShards = 1_000_000;

    /// <summary>Rows that are not parted: networks score so many at once, and a batch of another size may round otherwise.</summary>
    public const int Block = Models.Scoring.DefaultBatchSize;

    /// <summary>Reads <c>i/n</c>.</summary>
    /// <returns>Whether it is that, with 1 ≤ i ≤ n.</returns>
    public static bool TryParse(string text, out Shard shard)
    {
        var parts = text.Split('/');
        shard = parts.Length == 2 && Read(parts[0], out var number) && Read(parts[1], out var count) ? new(number, count) : default;
        return shard.IsOne;

        static bool Read(string digits, out int value) =>
            int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out value);
    }

    /// <summary>Whether 1 ≤ i ≤ n.</summary>
    public bool IsOne => Number >= 1 && Number <= Count && Count <= MostShards;

    /// <summary>The rows of this part: contiguous, in whole blocks save the last of all; empty where there are fewer blocks than
    /// parts before.</summary>
    /// <param name="rows">How many rows there are.</param>
    public Range Of(int rows)
    {
        var (blocks, parts) = (((long)rows + Block - 1) / Block, Count);
        int Start(int number) => (int)Math.Min(rows, blocks * number / parts * Block);
        return Start(Number - 1)..Start(Number);
    }

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Number}/{Count}");
}
