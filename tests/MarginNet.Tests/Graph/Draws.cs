namespace MarginNet.Tests.Graph;

/// <summary>Random attributes and shapes.</summary>
internal static class Draws
{
    public const int Trials = 200;

    /// <summary>So many integers within bounds.</summary>
    public static long[] Integers(this Random random, int least, int most, int count) =>
        [.. Enumerable.Range(0, count).Select(_ => (long)random.Next(least, most + 1))];

    public static T Pick<T>(this Random random, params T[] choices) => choices[random.Next(choices.Length)];

    /// <summary>The axes of a value in random order.</summary>
    public static long[] Order(this Random random, int rank)
    {
        long[] order = [.. Enumerable.Range(0, rank)];
        random.Shuffle(order);
        return order;
    }
}
