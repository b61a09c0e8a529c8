using System.Text.Json.Nodes;
using MarginNet.Drift;

namespace MarginNet.Tests.Drift;

public sealed class DriftMonitorTests
{
    private static readonly DriftMonitorOptions PValues = new() { Ranks = RankKind.None };

    private static double[] Draw(int count, int seed)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, count).Select(_ => random.NextDouble())];
    }

    /// <summary>√n times the distance of numbers from the uniform distribution: above 2.3 once in 20,000 samples of it.</summary>
    private static double Distance(IEnumerable<double> numbers)
    {
        double[] sorted = [.. numbers.Order()];
        return Math.Sqrt(sorted.Length)
            * sorted.Select((p, i) => Math.Max(p - ((double)i / sorted.Length), ((i + 1.0) / sorted.Length) - p)).Max();
    }

    [Theory]
    [InlineData(0)]
    [InlineData(50)]
    public void Ranks_online_are_uniform_and_independent_with_ties_too(int reference)
    {
        var monitor = new DriftMonitor(new(), [.. Draw(reference, 1).Select(x => Math.Round(x, 1))]);
        double[] p = [.. Draw(20_000, 2).Select(x => monitor.Add(Math.Round(x, 1)).PValue)];
        Assert.InRange(Distance(p), 0, 2.3);
        var correlation = 12 * p.Zip(p.Skip(1), (first, second) => (first - 0.5) * (second - 0.5)).Average();
        Assert.InRange(correlation * Math.Sqrt(p.Length), -4.5, 4.5);
    }

    [Fact]
    public void Ranks_among_a_reference_are_uniform_over_references_but_not_given_one()
    {
        var options = new DriftMonitorOptions { Ranks = RankKind.Reference };
        var over = Enumerable.Range(0, 5000).Select(seed =>
        {
            var numbers = Draw(21, seed);
            return new DriftMonitor(options with { Seed = seed }, numbers.AsSpan(1)).Add(numbers[0]).PValue;
        });
        Assert.InRange(Distance(over), 0, 2.3);

        // 20 numbers are further than 0.03 from what they are of, save for one sample in 10²⁷.
        var given = new DriftMonitor(options, Draw(20, 1));
        Assert.True(Distance(Draw(20_000, 2).Select(x => given.Add(x).PValue)) > 0.03 * Math.Sqrt(20_000));
    }

    [Fact]
    public void A_long_stream_without_drift_raises_false_alarms_against_a_small_reference_but_not_online()
    {
        int Alarms(RankKind ranks) => Enumerable.Range(0, 40).Count(seed =>
        {
            var monitor = new DriftMonitor(new() { Ranks = ranks, Seed = seed }, Draw(20, seed));
            return Draw(3000, 1000 + seed).Any(x => monitor.Add(x).IsAlarm);
        });
        Assert.InRange(Alarms(RankKind.Reference), 20, 40);
        Assert.InRange(Alarms(RankKind.Online), 0, 6); // 0.01 of 40; more than 6 once in 10⁷ tries.
    }

    [Fact]
    public void Drift_is_found_and_where_it_began()
    {
        var monitor = new DriftMonitor(reference: Draw(500, 1));
        Assert.All(Draw(300, 2), x => Assert.False(monitor.Add(x).IsAlarm));
        var alarm = Draw(300, 3).Select(x => monitor.Add(x * x * x)).First(step => step.IsAlarm);
        Assert.InRange(alarm.Index, 300, 400);
        Assert.InRange(alarm.Start, 200, alarm.Index);
        Assert.Equal(1, monitor.Alarms);
        // The martingale alone is for one alarm.
        Assert.All(Draw(300, 4), x => Assert.False(monitor.Add(x * x * x).IsAlarm));
    }

    [Theory]
    [InlineData(AlarmProcedure.Cusum)]
    [InlineData(AlarmProcedure.ShiryaevRoberts)]
    public void Repeated_alarms_are_by_the_growth_since_the_last_one(AlarmProcedure procedure)
    {
        var monitor = new DriftMonitor(PValues with { Procedure = procedure, Threshold = 20 });
        var (values, alarms) = (new List<double> { 0 }, 0); // ln S since the last alarm, before each sample.
        foreach (var p in Draw(600, 7).Select((p, i) => i < 200 ? p : p * p))
        {
            var step = monitor.Add(p);
            var growth = values.Select(value => Math.Exp(step.LogMartingale - value));
            var statistic = procedure == AlarmProcedure.Cusum ? growth.Max() : growth.Sum();
            Assert.Equal(statistic, Math.Exp(step.LogStatistic), 1e-9 * statistic);
            Assert.Equal(statistic >= 20, step.IsAlarm);
            if (step.IsAlarm)
            {
                values.Clear();
                alarms++;
            }

            values.Add(step.LogMartingale);
        }

        Assert.True(alarms > 1, "There was no second alarm.");
        Assert.Equal(alarms, monitor.Alarms);
    }

    [Theory]
    [InlineData(AlarmProcedure.Cusum)]
    [InlineData(AlarmProcedure.ShiryaevRoberts)]
    public void The_mean_run_to_a_false_alarm_is_at_least_the_threshold(AlarmProcedure procedure)
    {
        const int Threshold = 10;
        var monitor = new DriftMonitor(
            PValues with { Martingale = MartingaleKind.SimpleJumper, Procedure = procedure, Threshold = Threshold });
        var random = new Random(1);
        var runs = new List<double>();
        for (var (count, run) = (0, 1); count < 50_000; count++, run++)
        {
            if (monitor.Add(random.NextDouble()).IsAlarm)
            {
                runs.Add(run);
                run = 0;
            }
        }

        var mean = runs.Average();
        var error = Math.Sqrt(runs.Average(run => (run - mean) * (run - mean)) / runs.Count);
        Assert.True(mean + (5 * error) >= Threshold, $"{mean} ± {error}");
        Assert.True(runs.Count > 10, "There were hardly any alarms, so that nothing was seen.");
    }

    [Fact]
    public void Tails_turn_p_values_round()
    {
        double P(DriftTail tail, double p) => new DriftMonitor(PValues with { Tail = tail }).Add(p).PValue;
        Assert.Equal(0.2, P(DriftTail.Lower, 0.2), 1e-15);
        Assert.Equal(0.8, P(DriftTail.Upper, 0.2), 1e-15);
        Assert.Equal(0.4, P(DriftTail.TwoSided, 0.2), 1e-15);
        Assert.Equal(0.4, P(DriftTail.TwoSided, 0.8), 1e-15);
    }

    public static TheoryData<MartingaleKind, AlarmProcedure, RankKind> States => new()
    {
        { MartingaleKind.Mean, AlarmProcedure.Ville, RankKind.Online },
        { MartingaleKind.PowerMixture, AlarmProcedure.ShiryaevRoberts, RankKind.Online },
        { MartingaleKind.Power, AlarmProcedure.Cusum, RankKind.Reference },
        { MartingaleKind.SimpleJumper, AlarmProcedure.ShiryaevRoberts, RankKind.None },
    };

    [Theory]
    [MemberData(nameof(States))]
    public void One_that_was_saved_goes_on_to_the_last_bit(MartingaleKind martingale, AlarmProcedure procedure, RankKind ranks)
    {
        var options = new DriftMonitorOptions
        {
            Martingale = martingale,
            Procedure = procedure,
            Ranks = ranks,
            Threshold = 5,
            Tail = DriftTail.TwoSided,
            Seed = 7,
        };
        using var folder = new TemporaryFolder();
        var whole = new DriftMonitor(options, ranks == RankKind.None ? [] : [0.1, 0.5, 0.5]);
        whole.Save(folder["s.json"]); // Before the first number, too.
        var resumed = DriftMonitor.Load(folder["s.json"]);
        foreach (var (i, x) in Draw(300, 8).Select((x, i) => Math.Round((i < 150 ? 1 : 0.2) * x * x, 2)).Index())
        {
            if (i % 60 == 0)
            {
                resumed.Save(folder["s.json"]);
                resumed = DriftMonitor.Load(folder["s.json"]);
            }

            Assert.Equal(whole.Add(x), resumed.Add(x));
        }

        Assert.Equal((whole.Options, whole.ReferenceDigest), (resumed.Options, resumed.ReferenceDigest));
        Assert.True(whole.Alarms > 0);
    }

    [Fact]
    public void A_damaged_state_is_refused()
    {
        using var folder = new TemporaryFolder();
        new DriftMonitor(reference: [1, 2]).Save(folder["s.json"]);
        var text = File.ReadAllText(folder["s.json"]);
        foreach (var name in JsonNode.Parse(text)!.AsObject().Select(property => property.Key))
        {
            var damaged = JsonNode.Parse(text)!.AsObject();
            damaged.Remove(name);
            File.WriteAllText(folder["s.json"], damaged.ToJsonString());
            var error = Assert.Throws<InvalidDataException>(() => DriftMonitor.Load(folder["s.json"]));
            Assert.Contains("is no state of a drift monitor", error.Message, StringComparison.Ordinal);
        }

        File.WriteAllText(folder["s.json"], text[..^9]);
        Assert.Throws<InvalidDataException>(() => DriftMonitor.Load(folder["s.json"]));
        File.WriteAllText(folder["s.json"], text.Replace("\"Mean\"", "\"Power\"", StringComparison.Ordinal));
        Assert.Throws<InvalidDataException>(() => DriftMonitor.Load(folder["s.json"]));
    }

    [Fact]
    public void What_cannot_be_watched_is_refused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => new DriftMonitor(new() { Threshold = 1 }));
        Assert.Throws<ArgumentOutOfRangeException>(() => new DriftMonitor(new() { Threshold = double.NaN }));
        Assert.Throws<ArgumentException>(() => new DriftMonitor(new() { Ranks = RankKind.Reference }));
        Assert.Throws<ArgumentException>(() => new DriftMonitor(PValues, [1]));
        Assert.Throws<ArgumentException>(() => new DriftMonitor(reference: [1, double.NaN]));
        Assert.Throws<ArgumentOutOfRangeException>(() => new DriftMonitor().Add(double.NaN));
        Assert.Throws<ArgumentOutOfRangeException>(() => new DriftMonitor(PValues).Add(1.5));
    }

    [Theory]
    [InlineData(0, 50)]
    [InlineData(3000, 100_000)]
    public void Sorted_blocks_count_as_a_sorted_list_does(int given, int values)
    {
        var random = new Random(9);
        List<double> expected = [.. Enumerable.Range(0, given).Select(_ => (double)random.Next(values)).Order()];
        var blocks = new SortedBlocks([.. expected]);
        for (var i = 0; i < 3000; i++)
        {
            double x = random.Next(values);
            if (i % 10 == 0)
            {
                Assert.Equal((expected.Count(other => other < x), expected.Count(other => other == x)), blocks.Rank(x));
            }

            blocks.Add(x);
            expected.Add(x);
        }

        Assert.Equal(expected.Count, blocks.Count);
        Assert.Equal(expected.Order(), blocks.ToArray());
    }
}
