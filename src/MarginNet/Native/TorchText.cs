using System.Runtime.InteropServices;
using System.Text;
using System.Text.RegularExpressions;

namespace MarginNet.Native;

/// <summary>Texts that functions of LibTorch return, which TorchSharp does not have.</summary>
internal static unsafe partial class TorchText
{
    /// <summary>The version of oneDNN; null where it is not known.</summary>
    public static string? OneDnnVersion { get; } =
        Version().Match(Call("_ZN2at18get_mkldnn_versionB5cxx11Ev") ?? "") is { Success: true } version ? version.Value : null;

    /// <summary>The instructions that LibTorch's own kernels use; null where they are not known.</summary>
    public static string? KernelInstructions { get; } = Call("_ZN2at18get_cpu_capabilityB5cxx11Ev");

    /// <summary>
    /// Calls a function that returns a std::string of libstdc++'s (the B5cxx11 in its name), on Linux for x64:
    /// there the caller gives the place of the result as a hidden first argument (System V ABI for C++, 3.1.3.1). Its characters, if they
    /// are not in the object itself, are never freed: this is for once.
    /// </summary>
    private static string? Call(string name)
    {
        var function = OperatingSystem.IsLinux()
            && RuntimeInformation.ProcessArchitecture == Architecture.X64 ? TorchLibrary.Find(name) : null;
        if (function == null)
        {
            return null;
        }

        CxxString text = default;
        ((delegate* unmanaged<CxxString*, CxxString*>)function)(&text);
        return Encoding.UTF8.GetString(text.Characters, (int)text.Length);
    }

    [GeneratedRegex(@"\d+(?:\.\d+)+")]
    private static partial Regex Version();

    /// <summary>libstdc++'s std::string: short ones are in the object, where the pointer then leads.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct CxxString
    {
        public byte* Characters;
        public nint Length;
        public fixed byte Short[16];
    }
}
