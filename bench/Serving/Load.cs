using System.Diagnostics;

namespace MarginNet.ServingBench;

/// <summary>Requests a second, latencies and processor time of the guard beside the bare service, in rounds that alternate.</summary>
internal static class Load
{
    private static readonly int[] Clients = [1, 8, 64];

    public static async Task RunAsync(string program, string model, int rounds, double seconds, string[] options)
    {
        using var bare = ServiceProcess.Bare(model, 5090);
        using var guard = ServiceProcess.Guard(program, model, 5091, options);
        foreach (var service in new[] { bare, guard })
        {
            await service.ReadyAsync(Pictures.Requests[0]);
            await RoundAsync(service, 8, 2 * seconds); // Compiles what is hot.
        }

        Console.WriteLine(
            $"{Path.GetFileName(model)}: {rounds} rounds of {seconds} s each, medians; ratios are of rounds beside one another\n");
        Console.WriteLine("| clients | | requests/s | p50, ms | p99, ms | processor time, ms a request |\n|---|---|---|---|---|---|");
        foreach (var clients in Clients)
        {
            var pairs = new List<(Figures Bare, Figures Guard)>();
            for (var round = 0; round < rounds; round++)
            {
                var first = await RoundAsync(round % 2 == 0 ? bare : guard, clients, seconds);
                var second = await RoundAsync(round % 2 == 0 ? guard : bare, clients, seconds);
                pairs.Add(round % 2 == 0 ? (first, second) : (second, first));
            }

            Row($"{clients} | bare", figure => Median(pairs.Select(pair => figure(pair.Bare))));
            Row(" | guard", figure => Median(pairs.Select(pair => figure(pair.Guard))));
            Row(" | ratio", figure => Median(pairs.Select(pair => figure(pair.Guard) / figure(pair.Bare))));
        }

        Console.WriteLine(FormattableString.Invariant($"\nMemory: bare {bare.Memory >> 20} MiB, guard {guard.Memory >> 20} MiB\n"));
    }

    private static void Row(string name, Func<Func<Figures, double>, double> of) => Console.WriteLine(FormattableString.Invariant(
        $"| {name} | {of(f => f.Rate):g4} | {of(f => f.Median):g3} | {of(f => f.High):g3} | {of(f => f.Processor):g3} |"));

    private static async Task<Figures> RoundAsync(ServiceProcess service, int clients, double seconds)
    {
        var (clock, time, end) = (Stopwatch.StartNew(), service.Time, TimeSpan.FromSeconds(seconds));
        var latencies = await Task.WhenAll(Enumerable.Range(0, clients).Select(async own =>
        {
            using var client = new RawClient(service.Port);
            var milliseconds = new List<double>();
            for (var i = own; clock.Elapsed < end; i++)
            {
                var start = Stopwatch.GetTimestamp();
                var (status, body) = await client.AskAsync(Pictures.Requests[i % Pictures.Requests.Length]);
                milliseconds.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
                if (status != 200)
                {
                    throw new InvalidDataException($"{status}: {body}");
                }
            }

            return milliseconds;
        }));
        double[] all = [.. latencies.SelectMany(own => own).Order()];
        return new(
            all.Length / clock.Elapsed.TotalSeconds, all[all.Length / 2], all[(int)(0.99 * all.Length)],
            (service.Time - time).TotalMilliseconds / all.Length);
    }

    private static double Median(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return 0.5 * (sorted[sorted.Length / 2] + sorted[(sorted.Length - 1) / 2]);
    }

    private readonly record struct Figures(double Rate, double Median, double High, double Processor);
}
