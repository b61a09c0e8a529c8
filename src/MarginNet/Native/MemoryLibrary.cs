using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace MarginNet.Native;

/// <summary>Loads a native library from its bytes. Linux.</summary>
internal static partial class MemoryLibrary
{
    private const uint CloseOnExec = 1; // MFD_CLOEXEC

    /// <summary>Loads one.</summary>
    /// <exception cref="DllNotFoundException">It does not load.</exception>
    public static nint Load(byte[] image, string fileName)
    {
        // An anonymous file in memory: no cache to keep, no race between processes, no need of a writable or executable folder.
        var descriptor = CreateMemoryFile(fileName, CloseOnExec);
        if (descriptor >= 0)
        {
            // Stays open: the loader knows a library by its path, and would take another under the same number for this one.
            RandomAccess.Write(new SafeFileHandle(descriptor, ownsHandle: false), image, 0);
            if (NativeLibrary.TryLoad($"/proc/self/fd/{descriptor}", out var library))
            {
                return library;
            }
        }

        var folder = Directory.CreateTempSubdirectory("marginnet-"); // Mode 0700.
        try
        {
            var path = Path.Combine(folder.FullName, fileName);
            File.WriteAllBytes(path, image);
            return NativeLibrary.Load(path); // Stays mapped when the file is gone.
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [LibraryImport("libc", EntryPoint = "memfd_create", StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int CreateMemoryFile(string name, uint flags);
}
