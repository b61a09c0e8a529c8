using System.Runtime.InteropServices;

namespace MarginNet.EndToEnd;

/// <summary>glibc's allocator, which LibTorch takes its tensors from.</summary>
internal static partial class NativeHeap
{
    /// <summary>Bytes that were allocated and not freed, in all arenas and in mappings of their own.
    /// What is freed but kept for later is not counted.</summary>
    public static long InUse()
    {
        var state = MallInfo2();
        return (long)(state.InUse + state.MappedBytes);
    }

    /// <summary>Gives back to the system what is free, which the allocator would keep for later, in each of its arenas.</summary>
    public static void Trim() => _ = MallocTrim(0);

    [LibraryImport("libc", EntryPoint = "malloc_trim")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int MallocTrim(nuint pad);

    [LibraryImport("libc", EntryPoint = "mallinfo2")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial State MallInfo2();

    /// <summary>struct mallinfo2 of malloc.h.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private readonly struct State
    {
        private readonly nuint _arena, _freeChunks, _freeFastBins, _mappings;
        public readonly nuint MappedBytes;
        private readonly nuint _unused, _fastBinBytes;
        public readonly nuint InUse;
        private readonly nuint _freeBytes, _releasable;
    }
}
