using System.Runtime;
using static TorchSharp.torch;

namespace MarginNet.Tests;

/// <summary>Counts the tensors that code leaves alive, undisturbed by the finalizer.</summary>
internal static class LiveTensors
{
    private const long Allocations = 200_000_000; // More bytes than any measured action allocates.

    /// <summary>
    /// The tensors alive after <paramref name="action"/> and not before. Garbage of earlier code is collected first, and none
    /// during the action: a collection would hide what it left.
    /// </summary>
    public static long LeftBy(Action action)
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        Assert.True(GC.TryStartNoGCRegion(Allocations));
        var before = Tensor.TotalCount;
        action();
        var left = Tensor.TotalCount - before;
        Assert.Equal(GCLatencyMode.NoGCRegion, GCSettings.LatencyMode);
        GC.EndNoGCRegion();
        return left;
    }
}
