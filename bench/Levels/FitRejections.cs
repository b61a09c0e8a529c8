using System.Globalization;
using MarginNet.PValues;

namespace MarginNet.Levels;

/// <summary>How often the test of the fit rejects the mixture of a sample, at 1 %.</summary>
internal static class FitRejections
{
    private const double Level = 0.01;
    private static readonly Shape[] Mixtures =
        [new("three normals", random => Math.Exp(new[] { -0.5, 1.4, 2.3 }[random.Next(3)] + (0.4 * Math.Log(Shape.All[0].Draw(random)))))];

    public static void Write(int[] counts, int work, int seed)
    {
        Console.WriteLine($"| shape | {string.Join(" | ", counts)} |\n|{string.Concat(Enumerable.Repeat("---|", counts.Length + 1))}");
        foreach (var shape in Shape.All.Concat(Mixtures))
            Console.WriteLine(
                $"| {shape.Name} | {string.Join(" | ", counts.Select(count => Share(shape, count, Math.Clamp(work / count, 50, 1000), seed)))} |");
    }

    private static string Share(Shape shape, int count, int replications, int seed)
    {
        var rejected = 0;
        Parallel.For(0, replications, r =>
        {
            var random = new Random(unchecked((seed * 1_000_003) + r));
            double[] margins = [.. Enumerable.Range(0, count).Select(_ => shape.Draw(random))];
            var zeros = new int[count];
            if (MarginNullModel.Fit(margins, zeros, zeros, 1, new() { FitTestDraws = 199 }).Classes[0].FitPValue <= Level)
                Interlocked.Increment(ref rejected);
        });
        return string.Create(CultureInfo.InvariantCulture, $"{100.0 * rejected / replications:0.0} %");
    }
}
