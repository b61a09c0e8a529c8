using MarginNet.Drift;

namespace MarginNet.DriftBench;

/// <summary>Samples to the first and from the first to the second false alarm, in the mean, at a threshold of 100.</summary>
internal static class RunLengths
{
    private const double Threshold = 100;
    private const long Most = 200_000; // A stream without an alarm by then counts as so long, which only shortens the mean.

    public static void Run(int streams, int seed)
    {
        Console.WriteLine($"{streams} streams, threshold {Threshold}, seed {seed}\n");
        Console.WriteLine("| procedure | martingale | samples to the first alarm | to the second |\n|---|---|---|---|");
        foreach (var procedure in new[] { AlarmProcedure.Cusum, AlarmProcedure.ShiryaevRoberts })
        {
            foreach (var martingale in new[] { MartingaleKind.Mean, MartingaleKind.SimpleJumper, MartingaleKind.PowerMixture })
            {
                var (random, lengths) = (new Random(seed), new List<double>[] { [], [] });
                for (var s = 0; s < streams; s++)
                {
                    var monitor = new DriftMonitor(
                        new() { Martingale = martingale, Procedure = procedure, Threshold = Threshold, Ranks = RankKind.None });
                    foreach (var own in lengths)
                    {
                        var count = 1;
                        while (!monitor.Add(random.NextDouble()).IsAlarm && count < Most)
                        {
                            count++;
                        }

                        own.Add(count);
                    }
                }

                Console.WriteLine($"| {procedure} | {martingale} | {string.Join(" | ", lengths.Select(Mean))} |");
            }
        }
    }

    private static string Mean(List<double> values)
    {
        var mean = values.Average();
        var error = Math.Sqrt(values.Average(value => (value - mean) * (value - mean)) / values.Count);
        return FormattableString.Invariant($"{mean:f0} ± {1.96 * error:f0}");
    }
}
