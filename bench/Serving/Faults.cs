using System.Collections.Concurrent;
using System.Text;
using System.Text.Json;

namespace MarginNet.ServingBench;

/// <summary>Malformed uploads, models that are exchanged, ends and kills, all while clients ask and check every answer.</summary>
internal static class Faults
{
    private const int Clients = 8;
    private const int Port = 5092;

    /// <param name="program">AspNetGuard.dll.</param>
    /// <param name="models">Two calibrated ONNX models, which take turns.</param>
    /// <param name="seconds">For how long each part runs.</param>
    public static async Task RunAsync(string program, string[] models, double seconds)
    {
        var folder = Directory.CreateTempSubdirectory("marginnet-serving-").FullName;
        var model = Path.Combine(folder, "m.onnx");
        Exchange(models[1], model);
        var expected = new ConcurrentDictionary<(string Model, int Image), string>();
        using (var service = await StartAsync(program, model))
        {
            await LearnAsync(expected);
        }

        Exchange(models[0], model);
        var first = await StartAsync(program, model);
        await LearnAsync(expected);

        var tally = new Tally(expected);
        await Under(tally, seconds, () => MalformedAsync(1000), "malformed");

        tally = new Tally(expected);
        var exchanges = 0;
        await Under(tally, seconds, async () =>
        {
            for (var end = DateTime.UtcNow.AddSeconds(seconds); DateTime.UtcNow < end; await Task.Delay(500))
            {
                Exchange(models[++exchanges % 2], model);
            }
        }, "reloads");
        Console.WriteLine($"  {exchanges} exchanges of the files, verdicts by model: {string.Join(", ", tally.Models.Values.Order())}");

        tally = new Tally(expected);
        await Under(tally, seconds, async () =>
        {
            for (var i = 0; i < 3; i++)
            {
                await Task.Delay(TimeSpan.FromSeconds(seconds / 4));
                first.Stop();
                first.Dispose();
                first = await StartAsync(program, model);
            }
        }, "ended and started three times");

        tally = new Tally(expected);
        await Under(tally, seconds, async () =>
        {
            for (var i = 0; i < 3; i++)
            {
                await Task.Delay(TimeSpan.FromSeconds(seconds / 4));
                first.Kill();
                first.Dispose();
                first = await StartAsync(program, model);
            }
        }, "killed and started three times");
        first.Dispose();
        Directory.Delete(folder, recursive: true);
    }

    private static async Task<ServiceProcess> StartAsync(string program, string model)
    {
        var service = ServiceProcess.Guard(program, model, Port, "--MarginNet:ReloadInterval", "00:00:00.05");
        await service.ReadyAsync(Pictures.Requests[0]);
        return service;
    }

    private static void Exchange(string model, string place)
    {
        foreach (var suffix in new[] { "", ".margins.json" })
        {
            File.Copy(model + suffix, place + suffix, overwrite: true);
        }
    }

    /// <summary>What the model of now says of each picture, one by one.</summary>
    private static async Task LearnAsync(ConcurrentDictionary<(string, int), string> expected)
    {
        using var client = new RawClient(Port);
        for (var i = 0; i < Pictures.Requests.Length; i++)
        {
            var verdict = Verdict.Parse((await client.AskAsync(Pictures.Requests[i])).Body);
            expected[(verdict.Model, i)] = verdict.Rounded;
        }
    }

    /// <summary>Clients ask while something happens; they ask again where a connection broke.</summary>
    private static async Task Under(Tally tally, double seconds, Func<Task> happening, string name)
    {
        using var done = new CancellationTokenSource();
        var clients = Enumerable.Range(0, Clients).Select(own => Task.Run(async () =>
        {
            RawClient? client = null;
            for (var i = own; !done.IsCancellationRequested;)
            {
                try
                {
                    client ??= new(Port);
                    tally.Add(i % Pictures.Requests.Length, await client.AskAsync(Pictures.Requests[i % Pictures.Requests.Length]));
                    i++;
                    if (client.IsClosed)
                    {
                        client.Dispose();
                        client = null;
                    }
                }
                catch (IOException)
                {
                    tally.Broken(client is not null);
                    client?.Dispose();
                    client = null;
                    await Task.Delay(20);
                }
            }

            client?.Dispose();
        })).ToArray();
        await Task.WhenAll(happening(), Task.Delay(TimeSpan.FromSeconds(seconds)));
        await done.CancelAsync();
        await Task.WhenAll(clients);
        Console.WriteLine($"{name}: {tally}");
    }

    private static async Task MalformedAsync(int count)
    {
        var random = new Random(1);
        var statuses = new SortedDictionary<int, int>();
        for (var i = 0; i < count; i++)
        {
            var file = (byte[])Pictures.Files[i % Pictures.Files.Length].Clone();
            var request = (i % 5) switch
            {
                0 => RawClient.Post(file[..random.Next(file.Length)]), // Cut.
                1 => RawClient.Post(Flip(file, random)),
                2 => RawClient.Post(Bytes(random.Next(3000), random)),
                3 => RawClient.Post(Encoding.UTF8.GetBytes(
                    $"{{\"pixels\":[{string.Join(',', Bytes(random.Next(4000), random))}]}}"), RawClient.Json),
                _ => RawClient.Post(Bytes(random.Next(200), random), RawClient.Json),
            };
            using var client = new RawClient(Port);
            var status = (await client.AskAsync(request)).Status;
            statuses[status] = statuses.GetValueOrDefault(status) + 1;
        }

        Console.WriteLine($"{count} malformed uploads: {string.Join(", ", statuses.Select(entry => $"{entry.Key} x {entry.Value}"))}");
    }

    private static byte[] Flip(byte[] file, Random random)
    {
        for (var i = 0; i < 20; i++)
        {
            file[random.Next(file.Length)] ^= (byte)(1 << random.Next(8));
        }

        return file;
    }

    private static byte[] Bytes(int count, Random random)
    {
        var bytes = new byte[count];
        random.NextBytes(bytes);
        return bytes;
    }

    private sealed record Verdict(string Model, string Rounded)
    {
        /// <summary>Class and margin; batches round otherwise, so it is compared to about three digits.</summary>
        public static Verdict Parse(string json)
        {
            using var document = JsonDocument.Parse(json);
            var root = document.RootElement;
            return new(
                root.GetProperty("model").GetString()!,
                FormattableString.Invariant($"{root.GetProperty("class")} {root.GetProperty("margin").GetDouble():g4}"));
        }
    }

    private sealed class Tally(ConcurrentDictionary<(string Model, int Image), string> expected)
    {
        private int _right;
        private int _wrong;
        private int _other;
        private int _broken;
        private int _refused;

        public ConcurrentDictionary<string, int> Models { get; } = [];

        public void Add(int image, (int Status, string Body) answer)
        {
            if (answer.Status != 200)
            {
                Interlocked.Increment(ref _other);
                return;
            }

            var verdict = Verdict.Parse(answer.Body);
            Models.AddOrUpdate(verdict.Model, 1, (_, count) => count + 1);
            var isRight = IsLike(expected.GetValueOrDefault((verdict.Model, image)), verdict.Rounded);
            Interlocked.Increment(ref isRight ? ref _right : ref _wrong);
        }

        public void Broken(bool wasConnected) => Interlocked.Increment(ref wasConnected ? ref _broken : ref _refused);

        public override string ToString() =>
            $"{_right} right verdicts, {_wrong} wrong, {_other} other statuses, {_broken} connections broken, {_refused} not accepted";

        private static bool IsLike(string? expected, string actual)
        {
            if (expected == actual)
            {
                return true;
            }

            var (one, other) = ((expected ?? "").Split(' '), actual.Split(' '));
            return one.Length == 2 && one[0] == other[0]
                && Math.Abs(Number(one[1]) - Number(other[1])) <= 2e-3 * Math.Max(1, Number(one[1]));
        }

        private static double Number(string text) => double.Parse(text, System.Globalization.CultureInfo.InvariantCulture);
    }
}
