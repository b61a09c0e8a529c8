using System.Runtime.InteropServices;

namespace MarginNet.Native;

/// <summary>
/// TorchSharp hands the address of a number to LibTorch and holds on to it no longer, so that a collection of garbage at that moment may
/// free it before LibTorch has read it: rarely, where threads wait for a processor, and then with a wrong result, an exception or the end of
/// the process. Here what its finalisers free is freed a second later.
/// </summary>
internal static unsafe class ScalarDisposal
{
    private const string Function = "THSTorch_dispose_scalar";
    private const long Delay = 1000; // Milliseconds.

    private static readonly Lock Gate = new();
    private static readonly Queue<(nint Scalar, long Since)> Waiting = new();
    private static delegate* unmanaged<nint, void> _dispose;

    /// <summary>The numbers that wait.</summary>
    public static int Count
    {
        get
        {
            lock (Gate)
            {
                return Waiting.Count;
            }
        }
    }

    /// <summary>A library in which all is as in TorchSharp's, but numbers live a second longer.</summary>
    /// <param name="library">TorchSharp's.</param>
    /// <returns>Its handle; TorchSharp's own where the system does not load it.</returns>
    public static nint Defer(nint library)
    {
        if (!NativeLibrary.TryGetExport(library, Function, out var dispose))
        {
            return library;
        }

        try
        {
            const string name = "libmarginnet-scalars.so";
            var diverting = MemoryLibrary.Load(DivertingLibrary.Make(name, TorchSharpLibrary.FileName, Function), name);
            _dispose = (delegate* unmanaged<nint, void>)dispose;
            *(nint*)NativeLibrary.GetExport(diverting, DivertingLibrary.Target) = (nint)(delegate* unmanaged<nint, void>)&Dispose;
            return diverting;
        }
        catch (DllNotFoundException)
        {
            return library; // Nothing may be loaded from memory there, nor from a temporary folder.
        }
    }

    [UnmanagedCallersOnly]
    private static void Dispose(nint scalar)
    {
        lock (Gate)
        {
            var now = Environment.TickCount64;
            Waiting.Enqueue((scalar, now));
            while (Waiting.TryPeek(out var oldest) && now - oldest.Since > Delay)
            {
                _dispose(Waiting.Dequeue().Scalar);
            }
        }
    }
}
