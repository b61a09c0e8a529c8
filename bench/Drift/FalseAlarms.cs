using MarginNet.Detection;
using MarginNet.Drift;

namespace MarginNet.DriftBench;

/// <summary>Streams without drift that raise an alarm at α = 0.01, for each martingale and way to p-values.</summary>
internal static class FalseAlarms
{
    private const double Alpha = 0.01;

    private static readonly string[] Names = ["mean", "simple jumper", "power mixture", "power, 0.5", "power, 0.9"];

    public static void Run(int streams, int length, int seed)
    {
        Console.WriteLine($"{streams} streams of {length} samples, alpha {Alpha}, seed {seed}\n");
        Console.WriteLine("| p-values | " + string.Join(" | ", Names) + " |");
        Console.WriteLine("|---|" + string.Concat(Names.Select(_ => "---|")));
        Row("uniform", RankKind.None, 0, streams, length, seed);
        Row("ranks online, no reference", RankKind.Online, 0, streams, length, seed);
        Row("ranks online, reference of 200", RankKind.Online, 200, streams, length, seed);
        foreach (var n in new[] { 200, 1000, 10_000 })
        {
            Row($"ranks among a reference of {n}", RankKind.Reference, n, Math.Min(streams, 10_000), length, seed);
        }
    }

    private static void Row(string name, RankKind ranks, int reference, int streams, int length, int seed)
    {
        var alarms = new int[Names.Length];
        var random = new Random(seed);
        for (var s = 0; s < streams; s++)
        {
            var numbers = new double[reference];
            for (var i = 0; i < reference; i++)
            {
                numbers[i] = random.NextDouble();
            }

            var monitor = new DriftMonitor(new() { Ranks = ranks, Seed = s, Martingale = MartingaleKind.Power }, numbers);
            // The mean bets for the two that it is of.
            var (jumper, mixture) = (new SimpleJumper(), new PowerMixture());
            TestMartingale[] bettors = [new MeanMartingale(jumper, mixture), new PowerMartingale(0.5), new PowerMartingale(0.9)];
            TestMartingale[] martingales = [bettors[0], jumper, mixture, .. bettors[1..]];
            var hasAlarmed = new bool[martingales.Length];
            for (var i = 0; i < length; i++)
            {
                var p = monitor.Add(random.NextDouble()).PValue;
                Array.ForEach(bettors, bettor => bettor.Add(p));
                for (var m = 0; m < martingales.Length; m++)
                {
                    hasAlarmed[m] |= martingales[m].LogValue >= -Math.Log(Alpha);
                }
            }

            for (var m = 0; m < alarms.Length; m++)
            {
                alarms[m] += hasAlarmed[m] ? 1 : 0;
            }
        }

        Console.WriteLine($"| {name} | " + string.Join(" | ", alarms.Select(count =>
        {
            var share = new Proportion(count, streams);
            var interval = share.ExactInterval();
            return FormattableString.Invariant($"{100 * share.Rate:f3} % [{100 * interval.Low:f3}, {100 * interval.High:f3}]");
        })) + " |");
    }
}
