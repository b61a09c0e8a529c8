using MarginNet.Native;

namespace MarginNet;

/// <summary>
/// LibTorch's convolutions on this processor: whether they were seen to be right. Where they are,
/// every network that this library scores, attacks or trains on a CPU is first compared with itself without oneDNN, on a few images,
/// and runs without where the two differ by more than rounding. Where they are not, so are the library's own networks; others run without.
/// </summary>
public static class NativeKernels
{
    private static readonly Lock Gate = new();

    /// <summary>Raised, on the thread that uses the network, when one is to run without oneDNN; the sender is the network.
    /// Handlers must not throw.</summary>
    public static event EventHandler<KernelWarningEventArgs>? Warned;

    /// <summary>What was found so far in this process; null before the first check.</summary>
    internal static KernelReport? Known { get; set; }

    /// <summary>Compares small convolutions with float64, once for each processor and library where all are right,
    /// else once in each process: the result is kept in the user's cache folder.</summary>
    /// <param name="again">Whether to do it again where a result is kept. Default false.</param>
    public static KernelReport Check(bool again = false)
    {
        lock (Gate)
        {
            OneDnn.Prepare();
            if (Known is null || again)
            {
                var path = KernelMemory.Path;
                Known = again ? null : KernelMemory.Read(path);
                if (Known is not { AreRight: true }) // What was wrong once, as another hypervisor hid caches, need not stay so.
                {
                    Known = KernelProbe.Run();
                    KernelMemory.Write(path, Known);
                }
            }

            return Known;
        }
    }

    internal static void Warn(object network, string message) => Warned?.Invoke(network, new(message));
}
