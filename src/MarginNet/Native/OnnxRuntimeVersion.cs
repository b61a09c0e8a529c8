using System.Runtime.InteropServices;

namespace MarginNet.Native;

/// <summary>The version of ONNX Runtime's native library, by the one function it exports:
/// its managed half would begin to log and to count for that.</summary>
internal static unsafe class OnnxRuntimeVersion
{
    /// <summary>Loads the library and asks it; null where it does not load.</summary>
    public static string? TryGet()
    {
        if (!NativeLibrary.TryLoad("onnxruntime", typeof(Microsoft.ML.OnnxRuntime.OrtEnv).Assembly, null, out var library)
            || !NativeLibrary.TryGetExport(library, "OrtGetApiBase", out var address))
        {
            return null;
        }

        var api = ((delegate* unmanaged<OrtApiBase*>)address)();
        return Marshal.PtrToStringUTF8((nint)api->GetVersionString());
    }

    /// <summary>OrtApiBase of onnxruntime_c_api.h, the same in all versions.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private readonly struct OrtApiBase
    {
        public readonly nint GetApi;
        public readonly delegate* unmanaged<byte*> GetVersionString;
    }
}
