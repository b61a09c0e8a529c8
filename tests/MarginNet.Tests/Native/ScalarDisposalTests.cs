using System.Diagnostics;
using System.Runtime.InteropServices;
using MarginNet.Native;
using TorchSharp;
using static TorchSharp.torch;

namespace MarginNet.Tests.Native;

public sealed class ScalarDisposalTests
{
    [LinuxX64Fact]
    public void A_diverted_function_goes_elsewhere_and_all_others_are_the_library_s_own()
    {
        var system = NativeLibrary.Load("libm.so.6");
        var name = $"libmarginnet-diverting-{Environment.ProcessId}.so";
        var library = MemoryLibrary.Load(DivertingLibrary.Make(name, "libm.so.6", "cos"), name);
        Assert.Equal(NativeLibrary.GetExport(system, "sin"), NativeLibrary.GetExport(library, "sin"));
        var cosine = NativeLibrary.GetExport(library, "cos");
        Assert.NotEqual(NativeLibrary.GetExport(system, "cos"), cosine);
        Marshal.WriteIntPtr(NativeLibrary.GetExport(library, DivertingLibrary.Target), NativeLibrary.GetExport(system, "sin"));
        Assert.Equal(Math.Sin(0.3), Marshal.GetDelegateForFunctionPointer<Function>(cosine)(0.3), 15);
    }

    [LinuxX64Fact]
    public void A_number_lives_for_a_second_after_it_was_disposed()
    {
        for (var i = 0; i < 1000; i++)
        {
            i.ToScalar().Dispose();
        }

        Assert.True(ScalarDisposal.Count > 0);
        Assert.True(IsFreed(), $"{ScalarDisposal.Count} numbers are left.");

        // Numbers of other tests come and go; those of this one are gone within seconds.
        static bool IsFreed()
        {
            for (var i = 0; i < 100; i++)
            {
                Thread.Sleep(100);
                1.ToScalar().Dispose();
                if (ScalarDisposal.Count < 1000)
                {
                    return true;
                }
            }

            return false;
        }
    }

    [LinuxX64Fact]
    public void Numbers_are_read_before_they_are_freed_whatever_is_collected_meanwhile()
    {
        using var scope = NewDisposeScope();
        var isOver = false;
        var collecting = new Thread(() =>
        {
            while (!Volatile.Read(ref isOver))
            {
                GC.Collect();
                GC.WaitForPendingFinalizers();
            }
        });
        collecting.Start();
        try
        {
            using var x = zeros(4, ScalarType.Float64);
            var clock = Stopwatch.StartNew(); // Collections hold up all other tests.
            for (var i = 0; i < 50_000 && clock.ElapsedMilliseconds < 3000; i++)
            {
                using var y = x + i;
                Assert.Equal(i, y[0].item<double>());
            }
        }
        finally
        {
            Volatile.Write(ref isOver, true);
            collecting.Join();
        }
    }

    [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
    private delegate double Function(double x);
}
