using System.Runtime.CompilerServices;
using MarginNet.Native;
using TorchSharp;
using static TorchSharp.torch;

namespace MarginNet;

/// <summary>What LibTorch is and does on this machine.</summary>
public sealed record TorchDiagnosis
{
    /// <summary>The version of TorchSharp.</summary>
    public required string TorchSharp { get; init; }

    /// <summary>The version of LibTorch: the installation's, else the one that TorchSharp is made for.</summary>
    public required string Version { get; init; }

    /// <summary>The installed PyTorch that takes the place of the packages' LibTorch; null where none does.</summary>
    public TorchInstallation? Installation { get; init; }

    /// <summary>The file of its CPU library; null where the system does not tell.</summary>
    public string? Library { get; init; }

    /// <summary>Whether an adapted copy of TorchSharp's native library was loaded,
    /// since the system's libstdc++ is older than it asks for.</summary>
    public bool UsesAdaptedCopy { get; init; }

    /// <summary>The version of the oneDNN in it, such as <c>3.7.1</c>; null where it does not tell.</summary>
    public string? OneDnn { get; init; }

    /// <summary>Whether oneDNN can be switched off, as networks that it computes wrongly need.</summary>
    public required bool CanSwitchOneDnn { get; init; }

    /// <summary>The instructions that LibTorch's own kernels use, such as <c>AVX2</c>; null where it does not tell.</summary>
    public string? KernelInstructions { get; init; }

    /// <summary>The threads it computes with.</summary>
    public required int Threads { get; init; }

    /// <summary>The CUDA GPUs that it can compute on; 0 for its CPU build.</summary>
    public required int GpuCount { get; init; }

    /// <summary>What its convolutions were found to be, just now.</summary>
    public required KernelReport Kernels { get; init; }

    /// <summary>Loads LibTorch and examines it.</summary>
    /// <param name="failure">Why it cannot be loaded, in one line; null where it can.</param>
    /// <returns>The findings; null where LibTorch cannot be loaded.</returns>
    internal static TorchDiagnosis? TryMake(out string? failure)
    {
        try
        {
            TorchLibrary.Require();
            failure = null;
            return Make();
        }
        catch (Exception e) when (e is NotSupportedException or DllNotFoundException or EntryPointNotFoundException
            or BadImageFormatException or TypeInitializationException or FileNotFoundException)
        {
            failure = (e is TypeInitializationException { InnerException: { } cause } ? cause : e).Message.Split('\n')[0];
            return null;
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)] // What it uses is resolved when it is compiled, within the caller's try.
    private static TorchDiagnosis Make()
    {
        return new()
        {
            TorchSharp = Diagnosis.VersionOf(typeof(torch).Assembly),
            Installation = TorchNative.Installation,
            Version = TorchNative.Installation?.Version
                ?? (global::System.Version.TryParse(__version__, out var version) ? version.ToString(3) : __version__),
            Library = TorchNative.Library,
            UsesAdaptedCopy = TorchNative.UsesAdaptedCopy,
            OneDnn = TorchText.OneDnnVersion,
            CanSwitchOneDnn = Native.OneDnn.CanSwitch,
            KernelInstructions = TorchText.KernelInstructions,
            Threads = get_num_threads(),
            GpuCount = TryInitializeDeviceType(DeviceType.CUDA) && cuda.is_available() ? cuda.device_count() : 0,
            Kernels = NativeKernels.Check(again: true),
        };
    }
}
