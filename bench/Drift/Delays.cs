using MarginNet.Drift;

namespace MarginNet.DriftBench;

/// <summary>Samples from a drift to its alarm.</summary>
internal static class Delays
{
    private const int Reference = 1000;
    private const int After = 1500;
    private const int Horizon = 2000; // Of 500 samples before the drift.
    private const double Alpha = 0.01; // Of a false alarm ever, or of windows within the horizon.

    public const string Header =
        "| drift | detector | alarm before it, % | found within 1,500, % | median delay | mean delay of those found |\n"
        + "|---|---|---|---|---|---|";

    private static readonly (string Name, Func<double[], int, Func<double, bool>> Create)[] Detectors =
    [
        ("mean (default)", Monitor(new())),
        ("mean, two-sided", Monitor(new() { Tail = DriftTail.TwoSided })),
        ("simple jumper", Monitor(new() { Martingale = MartingaleKind.SimpleJumper })),
        ("power mixture", Monitor(new() { Martingale = MartingaleKind.PowerMixture })),
        ("power, 0.9", Monitor(new() { Martingale = MartingaleKind.Power, Exponent = 0.9 })),
        ("mean, among the reference", Monitor(new() { Ranks = RankKind.Reference })),
        ("mean, CUSUM, 10,000", Monitor(new() { Procedure = AlarmProcedure.Cusum, Threshold = 10_000 })),
        ("mean, Shiryaev-Roberts, 10,000", Monitor(new() { Procedure = AlarmProcedure.ShiryaevRoberts, Threshold = 10_000 })),
        ("KS, windows of 50, 0.01 in all", Windows(50, 50 * Alpha / Horizon)),
        ("KS, windows of 250, 0.01 in all", Windows(250, 250 * Alpha / Horizon)),
        ("KS, windows of 50, 0.05 each", Windows(50, 0.05)),
    ];

    public static void Run(string name, Scenario scenario, int streams, int before, int seed)
    {
        foreach (var detector in Detectors)
        {
            var (random, early, delays, late) = (new Random(seed), 0, new List<int>(), 0);
            for (var s = 0; s < streams; s++)
            {
                var (reference, ordinary, drifted) = scenario(random, Reference, before, After);
                var add = detector.Create(reference, s);
                if (ordinary.Any(add))
                {
                    early++;
                    continue;
                }

                var delay = Array.FindIndex(drifted, number => add(number));
                if (delay < 0)
                {
                    late++;
                }
                else
                {
                    delays.Add(delay + 1);
                }
            }

            var all = delays.Concat(Enumerable.Repeat(int.MaxValue, late)).Order().ToArray();
            var median = all[all.Length / 2] is var middle && middle == int.MaxValue ? "-" : $"{middle}";
            var mean = delays.Count == 0 ? double.NaN : delays.Average();
            Console.WriteLine(FormattableString.Invariant($"| {name} | {detector.Name} | {100.0 * early / streams:f1} ")
                + FormattableString.Invariant($"| {100.0 * delays.Count / all.Length:f1} | {median} | {mean:f0} |"));
        }
    }

    private static Func<double[], int, Func<double, bool>> Monitor(DriftMonitorOptions options) => (reference, seed) =>
    {
        var monitor = new DriftMonitor(options with { Seed = seed }, reference);
        return number => monitor.Add(number).IsAlarm;
    };

    private static Func<double[], int, Func<double, bool>> Windows(int size, double level) => (reference, _) =>
    {
        var test = new WindowTest(reference, size, level);
        return test.Add;
    };
}
