using System.Runtime.InteropServices;

namespace MarginNet.Native;

/// <summary>What NVIDIA's driver says of a GPU, by its C interface.</summary>
internal static unsafe class CudaDriver
{
    private const int MajorAttribute = 75; // CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR

    /// <summary>The first number of a GPU's compute capability; null where the driver does not tell.</summary>
    /// <param name="index">The GPU's number, as CUDA counts those it may use.</param>
    public static int? Major(int index)
    {
        if (!NativeLibrary.TryLoad(OperatingSystem.IsWindows() ? "nvcuda.dll" : "libcuda.so.1", out var driver)
            || !NativeLibrary.TryGetExport(driver, "cuInit", out var initialize)
            || !NativeLibrary.TryGetExport(driver, "cuDeviceGet", out var find)
            || !NativeLibrary.TryGetExport(driver, "cuDeviceGetAttribute", out var read))
        {
            return null;
        }

        int device, major;
        return ((delegate* unmanaged<uint, int>)initialize)(0) == 0
            && ((delegate* unmanaged<int*, int, int>)find)(&device, Math.Max(0, index)) == 0
            && ((delegate* unmanaged<int*, int, int, int>)read)(&major, MajorAttribute, device) == 0 ? major : null;
    }
}
