using System.Globalization;
using System.Reflection;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using MarginNet.Checkpoints;
using MarginNet.Distributed;
using static TorchSharp.torch;

namespace MarginNet.Training;

/// <summary>What the ranks of a run make sure of: that they were started alike, that they begin with the same weights, and that they
/// still have the same.</summary>
internal static class RankAgreement
{
    /// <summary>Compares the ranks' settings, data, networks and versions with those of rank 0.</summary>
    /// <exception cref="InvalidDataException">On every rank, where one of them differs.</exception>
    public static void RequireSameRun(IProcessGroup group, IReadOnlyDictionary<string, object?> settings, nn.Module network)
    {
        var own = Describe(settings, network);
        var first = Encoding.UTF8.GetString(group.BroadcastMessage(Encoding.UTF8.GetBytes(string.Join('\n', own)))!).Split('\n');
        var pairs = own.Except(first).Order().Zip(first.Except(own).Order(), (here, there) => $"{here}, and there {there}");
        var differences = string.Join("; ", pairs);
        var counts = own.Length == first.Length || differences.Length > 0 ? "" : "another number of settings";
        var all = group.AllGather(differences + counts);
        var at = Array.FindIndex(all, text => text.Length > 0);
        if (at >= 0)
        {
            throw new InvalidDataException($"Rank {at} of {group.Size} was not started as rank 0: {all[at]}. "
                + "Start every rank with the same MarginNet, options and data.");
        }
    }

    /// <summary>Gives every rank the weights and buffers of rank 0.</summary>
    public static void BroadcastWeights(IProcessGroup group, nn.Module network)
    {
        using var scope = NewDisposeScope();
        using var inference = no_grad();
        Tensor[] all = [.. network.state_dict().Values];
        Tensor[] plain = [.. all.Select(weights => weights.detach().cpu().contiguous().clone())];
        foreach (var part in plain.Chunk(64)) // One message for many small ones.
        {
            byte[] message = [.. part.SelectMany(weights => weights.bytes.ToArray())];
            group.Broadcast(message.AsSpan());
            var at = 0;
            foreach (var weights in part)
            {
                message.AsSpan(at, weights.bytes.Length).CopyTo(weights.bytes);
                at += weights.bytes.Length;
            }
        }

        foreach (var (weights, first) in all.Zip(plain))
        {
            weights.copy_(first);
        }

        RequireSameWeights(group, network);
    }

    /// <summary>Compares a hash of all weights and buffers.</summary>
    /// <exception cref="InvalidOperationException">On every rank, where one of them has others.</exception>
    public static void RequireSameWeights(IProcessGroup group, nn.Module network)
    {
        var digests = group.AllGather(Digest(network));
        var at = Array.FindIndex(digests, digest => digest != digests[0]);
        if (at >= 0)
        {
            throw new InvalidOperationException($"The weights of rank {at} of {group.Size} are no longer those of rank 0: the ranks' "
                + "processors or MPI compute otherwise in the last digits, or the network has buffers that move by its own samples. "
                + "Use machines of one kind.");
        }
    }

    private static string[] Describe(IReadOnlyDictionary<string, object?> settings, nn.Module network) =>
    [
        $"version {typeof(RankAgreement).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion}",
        $"network {RunSettings.Digest(Encoding.UTF8.GetBytes(Shapes(network)))}",
        .. settings.OrderBy(each => each.Key, StringComparer.Ordinal)
            .Select(each => string.Create(CultureInfo.InvariantCulture, $"{each.Key} {FileText.Show($"{each.Value ?? "none"}")}")),
    ];

    private static string Shapes(nn.Module network) =>
        string.Join(';', network.state_dict().Select(each => $"{each.Key} [{string.Join(',', each.Value.shape)}]"));

    private static long Digest(nn.Module network)
    {
        using var scope = NewDisposeScope();
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var weights in network.state_dict().Values)
        {
            hash.AppendData(weights.detach().cpu().contiguous().bytes);
        }

        return MemoryMarshal.Read<long>(hash.GetHashAndReset());
    }
}
