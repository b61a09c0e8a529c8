namespace MarginNet.DriftBench;

/// <summary>Draws reference, ordinary and drifted numbers of one stream.</summary>
internal delegate (double[] Reference, double[] Ordinary, double[] Drifted) Scenario(Random random, int reference, int before, int after);

/// <summary>The scenarios.</summary>
internal static class Scenarios
{
    /// <summary>Normal margins of mean 0 and deviation 1, and what becomes of them.</summary>
    public static (string Name, Scenario Draw)[] Simulated =>
    [
        ("none", Normal(normal => normal())),
        ("mean − 0.25", Normal(normal => normal() - 0.25)),
        ("mean − 1", Normal(normal => normal() - 1)),
        ("deviation × 1.5", Normal(normal => 1.5 * normal())),
        ("1 in 10 by − 2", Normal((normal, random) => normal() - (random.NextDouble() < 0.1 ? 2 : 0))),
        ("3 in 10 by − 2", Normal((normal, random) => normal() - (random.NextDouble() < 0.3 ? 2 : 0))),
    ];

    /// <summary>Numbers of two tables, drawn without replacement; after the drift a share is of the second.</summary>
    public static (string Name, Scenario Draw) OfTables(string ordinary, string drifted, double share)
    {
        var (before, after) = (Margins(ordinary), Margins(drifted));
        return (Path.GetFileNameWithoutExtension(drifted), Draw);

        (double[] Reference, double[] Ordinary, double[] Drifted) Draw(Random random, int reference, int first, int last)
        {
            double[] own = [.. before];
            random.Shuffle(own);
            double[] other = [.. after];
            random.Shuffle(other);
            var (rest, taken) = (reference + first, 0);
            double[] mixed = [.. Enumerable.Range(0, last).Select(_ => random.NextDouble() < share ? other[taken++] : own[rest++])];
            return (own[..reference], own[reference..(reference + first)], mixed);
        }
    }

    private static Scenario Normal(Func<Func<double>, double> drifted) => Normal((normal, _) => drifted(normal));

    private static Scenario Normal(Func<Func<double>, Random, double> drifted) => (random, reference, before, after) =>
    {
        double Draw() => Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
        double[] Repeat(int count, Func<double> draw)
        {
            var values = new double[count];
            for (var i = 0; i < count; i++)
            {
                values[i] = draw();
            }

            return values;
        }

        return (Repeat(reference, Draw), Repeat(before, Draw), Repeat(after, () => drifted(Draw, random)));
    };

    private static double[] Margins(string path)
    {
        string[] lines = File.ReadAllLines(path);
        var column = Array.IndexOf(lines[0].Split(','), "margin");
        return [.. lines.Skip(1).Select(line => double.Parse(line.Split(',')[column], System.Globalization.CultureInfo.InvariantCulture))];
    }
}
