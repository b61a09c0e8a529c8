namespace MarginNet.Fuzz;

/// <summary>Damage to plain values: another value, key, length or order somewhere in lists and dictionaries.</summary>
internal static class Graph
{
    private static readonly object?[] Edges =
    [
        null, true, false, 0L, 1L, -1L, 2L, 3L, 1000L, int.MaxValue + 0L, long.MaxValue, long.MinValue, 0.0, -0.0, 0.5, 1.0, -1.0, 1e-300,
        1e300, double.NaN, double.PositiveInfinity, double.NegativeInfinity,
        "", "x", "resnet18", "fastnet", "training", "held-out", "Class", "Lower", new List<object?>(), new Dictionary<string, object?>(),
        Array.Empty<double>(), new[] { 0.0 }, new[] { 1.0, double.NaN },
    ];

    /// <summary>A copy with one piece of damage, at any depth.</summary>
    public static object? Damage(Mutator mutator, object? value)
    {
        var random = mutator.Random;
        return value switch
        {
            Dictionary<string, object?> { Count: > 0 } dictionary when random.Next(12) != 0 => Inside(mutator, dictionary),
            List<object?> { Count: > 0 } list when random.Next(6) != 0 => Inside(mutator, list),
            double[] { Length: > 0 } numbers when random.Next(6) != 0 => Inside(mutator, numbers),
            long number when random.Next(2) == 0 => number + random.Next(-2, 3),
            double number when random.Next(2) == 0 =>
                mutator.Pick([-number, number * 2, number / 2, Math.BitIncrement(number), 1 / number]),
            _ => mutator.Pick(Edges),
        };
    }

    private static Dictionary<string, object?> Inside(Mutator mutator, Dictionary<string, object?> dictionary)
    {
        var key = mutator.Pick([.. dictionary.Keys]);
        var copy = new Dictionary<string, object?>(dictionary);
        switch (mutator.Random.Next(12))
        {
            case 0: copy.Remove(key); break;
            case 1: copy["x"] = copy[key]; break;
            case 2: copy[key] = copy[mutator.Pick([.. dictionary.Keys])]; break;
            default: copy[key] = Damage(mutator, copy[key]); break;
        }

        return copy;
    }

    private static List<object?> Inside(Mutator mutator, List<object?> list)
    {
        var (copy, at) = (list.ToList(), mutator.Random.Next(list.Count));
        switch (mutator.Random.Next(8))
        {
            case 0: copy.RemoveAt(at); break;
            case 1: copy.Insert(at, mutator.Pick(list)); break;
            default: copy[at] = Damage(mutator, copy[at]); break;
        }

        return copy;
    }

    private static double[] Inside(Mutator mutator, double[] numbers)
    {
        var (copy, at) = (numbers.ToList(), mutator.Random.Next(numbers.Length));
        switch (mutator.Random.Next(8))
        {
            case 0: copy.RemoveAt(at); break;
            case 1: copy.Insert(at, mutator.Pick(numbers)); break;
            default:
                copy[at] = mutator.Pick([0, -1, -copy[at], copy[at] * 2, 1e-320, 1e300, 1e308, double.NaN, double.PositiveInfinity,
                double.NegativeInfinity]); break;
        }

        return [.. copy];
    }
}
