using System.Runtime.InteropServices;

namespace MarginNet.Native;

/// <summary>Loads the libraries of an installed PyTorch in the place of the packages'.</summary>
internal static partial class InstalledTorch
{
    private const int Now = 2; // RTLD_NOW
    private const int Global = 0x100; // RTLD_GLOBAL

    /// <summary>
    /// Loads them by their full paths. TorchSharp's library, loaded later, finds them by their names. But before it, TorchSharp asks for
    /// LibTorch's by name, and would get the packages' beside these: an empty library of the first name that .NET tries answers instead.
    /// </summary>
    /// <returns>The CPU library.</returns>
    /// <exception cref="DllNotFoundException">One that they need is missing.</exception>
    public static nint Load(TorchInstallation installation)
    {
        try
        {
            // The libraries of CUDA are for all to see, as PyTorch itself loads them. libtorch_cuda.so and libtorch.so pull the rest,
            // all or none.
            var dependencies = Path.Combine(installation.Folder, "libtorch_global_deps.so");
            if (File.Exists(dependencies) && Open(dependencies, Now | Global) == 0)
            {
                NativeLibrary.Load(dependencies); // Tells why.
            }

            if (installation.HasCuda)
            {
                NativeLibrary.Load(Path.Combine(installation.Folder, "libtorch_cuda.so"));
            }

            NativeLibrary.Load(Path.Combine(installation.Folder, "libtorch.so"));
            foreach (var name in new[] { "torch_cpu.so", "torch_cuda.so" })
            {
                MemoryLibrary.Load(EmptyLibrary.Make(name), name);
            }

            return NativeLibrary.Load(Path.Combine(installation.Folder, "libtorch_cpu.so"));
        }
        catch (DllNotFoundException e)
        {
            throw new DllNotFoundException($"The PyTorch in '{installation.Folder}' does not load: {TorchLibrary.Cause(e).TrimEnd('.')}. "
                + "Install it again, with what it needs.", e);
        }
    }

    [LibraryImport("libc", EntryPoint = "dlopen", StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial nint Open(string path, int flags);
}
