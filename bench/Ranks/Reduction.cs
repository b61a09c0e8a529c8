using System.Diagnostics;
using System.Text.Json;
using MarginNet.Distributed;

namespace MarginNet.Ranks;

/// <summary>The sum of numbers over all ranks.</summary>
internal static class Reduction
{
    private const int Repetitions = 200;

    /// <summary>Prints the seconds of sums of a single number, and of 1, 5 and 25 MB of float32 on each rank.</summary>
    public static void Run(IProcessGroup group)
    {
        foreach (var megabytes in (int[])[0, 1, 5, 25])
        {
            var seconds = Seconds(group, Math.Max(1, megabytes * 1_000_000 / sizeof(float)));
            if (group.Rank == 0)
            {
                Console.WriteLine(JsonSerializer.Serialize(new { ranks = group.Size, megabytes, seconds }));
            }
        }
    }

    /// <summary>Those of the fastest of 200: what others do on the machine is in the rest.</summary>
    private static double Seconds(IProcessGroup group, int count)
    {
        var values = new float[count];
        var fastest = double.PositiveInfinity;
        for (var i = 0; i < Repetitions; i++)
        {
            group.Barrier();
            var start = Stopwatch.GetTimestamp();
            group.AllReduce(values);
            fastest = Math.Min(fastest, Stopwatch.GetElapsedTime(start).TotalSeconds);
        }

        return fastest;
    }
}
