using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using MarginNet.Distributed;

namespace MarginNet.Cli.Input;

/// <summary>The processes of <c>mpirun marginnet train</c>, as one of them sees them; a single one without mpirun.</summary>
internal sealed class TrainingRanks
{
    // Where all fail alike, rank 0's line is the only one, since it ends the others meanwhile.
    private static readonly TimeSpan HeadStart = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan HeadStartOfStopping = TimeSpan.FromMinutes(5); // Rank 0 keeps the state first.

    private TrainingRanks(MpiGroup? group) => Group = group;

    /// <summary>The ranks; null where there is but this process.</summary>
    public MpiGroup? Group { get; }

    /// <summary>Whether this process speaks and writes.</summary>
    public bool IsFirst => Group is null or { Rank: 0 };

    /// <summary>The threads for each rank: the cores, divided by the ranks that share them; null where there is but one process.</summary>
    public int? Threads
    {
        get
        {
            if (Group is not { Size: > 1 })
            {
                return null;
            }

            // The host, and the cores that the launcher bound this rank to.
            var cores = File.ReadLines("/proc/self/status")
                .FirstOrDefault(line => line.StartsWith("Cpus_allowed:", StringComparison.Ordinal));
            var own = SHA256.HashData(Encoding.UTF8.GetBytes($"{Environment.MachineName} {cores}"));
            var all = new byte[own.Length * Group.Size];
            Group.AllGather(own, all);
            var sharing = Enumerable.Range(0, Group.Size).Count(rank => all.AsSpan(rank * own.Length, own.Length).SequenceEqual(own));
            return Math.Max(1, Environment.ProcessorCount / sharing);
        }
    }

    public static TrainingRanks Join()
    {
        try
        {
            return new(MpiGroup.Join());
        }
        catch (InvalidOperationException e)
        {
            throw new UserErrorException(e.Message);
        }
    }

    /// <summary>Rank 0's answer to a question.</summary>
    public bool Agree(Func<bool> ask)
    {
        Span<long> answer = [IsFirst && ask() ? 1 : 0];
        Group?.Broadcast(MemoryMarshal.AsBytes(answer));
        return answer[0] != 0;
    }

    /// <summary>Runs what a rank does. One that fails lets rank 0 speak first, and says who it is.</summary>
    public async Task RunAsync(Func<Task> run)
    {
        try
        {
            await run();
        }
        catch (Exception e) when (!IsFirst)
        {
            await Task.Delay(e is OperationCanceledException ? HeadStartOfStopping : HeadStart, CancellationToken.None);
            throw new UserErrorException($"rank {Group!.Rank} of {Group.Size}: {e.Message}");
        }
    }
}
