using System.Runtime.InteropServices;
using System.Text;

namespace MarginNet.Distributed;

/// <summary>Messages of a length that the other ranks do not know.</summary>
internal static class GroupMessages
{
    /// <summary>What rank 0 has.</summary>
    /// <param name="group">The ranks.</param>
    /// <param name="message">The message on rank 0, null for none; what the others give does not matter.</param>
    public static byte[]? BroadcastMessage(this IProcessGroup group, byte[]? message)
    {
        Span<long> length = [message?.Length ?? -1];
        group.Broadcast(MemoryMarshal.AsBytes(length));
        if (length[0] < 0)
        {
            return null;
        }

        var received = group.Rank == 0 ? message! : new byte[length[0]];
        group.Broadcast(received.AsSpan());
        return received;
    }

    /// <summary>The messages of all ranks, in their order.</summary>
    public static byte[][] AllGather(this IProcessGroup group, ReadOnlySpan<byte> message)
    {
        var lengths = group.AllGather((long)message.Length);
        var longest = (int)lengths.Max();
        var (own, all) = (new byte[longest], new byte[longest * group.Size]);
        message.CopyTo(own);
        if (longest > 0)
        {
            group.AllGather(own, all);
        }

        return [.. lengths.Select((length, rank) => all.AsSpan(rank * longest, (int)length).ToArray())];
    }

    /// <summary>The numbers of all ranks, in their order.</summary>
    public static long[] AllGather(this IProcessGroup group, long number)
    {
        var all = new long[group.Size];
        group.AllGather(MemoryMarshal.AsBytes([number]), MemoryMarshal.AsBytes(all.AsSpan()));
        return all;
    }

    /// <summary>The texts of all ranks, in their order.</summary>
    public static string[] AllGather(this IProcessGroup group, string text) =>
        Array.ConvertAll(group.AllGather(Encoding.UTF8.GetBytes(text)), Encoding.UTF8.GetString);
}
