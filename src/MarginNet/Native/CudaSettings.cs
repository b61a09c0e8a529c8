using MarginNet.Native;
using static TorchSharp.torch;

namespace MarginNet;

/// <summary>How cuDNN chooses among its ways to compute a convolution.</summary>
public enum CudnnAlgorithms
{
    /// <summary>By rules of its own, PyTorch's default.</summary>
    Heuristic,

    /// <summary>By trying them for each new shape, which pays where there are many steps of few shapes; runs are not repeatable.</summary>
    Benchmark,

    /// <summary>Only such as give the same bytes each time.</summary>
    Deterministic,
}

/// <summary>LibTorch's settings for CUDA GPUs, for the whole process; without effect on a CPU.</summary>
public static unsafe class CudaSettings
{
    /// <summary>
    /// Lets products, and convolutions by cuDNN, round their float32 factors to 11 bits (TensorFloat-32), which is faster and less exact.
    /// PyTorch's default is to round those of convolutions and not those of products; the tool's is to round neither.
    /// Certificates do not hold with it.
    /// </summary>
    /// <param name="isAllowed">Whether they may.</param>
    public static void AllowTensorFloat32(bool isAllowed)
    {
        TorchNative.Load();
        (backends.cuda.matmul.allow_tf32, backends.cudnn.allow_tf32) = (isAllowed, isAllowed);
    }

    /// <summary>Says how cuDNN is to choose.</summary>
    /// <param name="algorithms">The way; <see cref="CudnnAlgorithms.Heuristic"/> is where a process starts.</param>
    /// <exception cref="NotSupportedException">This LibTorch does not export the switch.</exception>
    public static void Use(CudnnAlgorithms algorithms)
    {
        Switch("_ZN2at7Context17setBenchmarkCuDNNEb", "?setBenchmarkCuDNN@Context@at@@QEAAX_N@Z", algorithms == CudnnAlgorithms.Benchmark);
        Switch(
            "_ZN2at7Context21setDeterministicCuDNNEb", "?setDeterministicCuDNN@Context@at@@QEAAX_N@Z",
            algorithms == CudnnAlgorithms.Deterministic);
    }

    private static void Switch(string name, string windowsName, bool isOn)
    {
        var function = (delegate* unmanaged<nint, byte, void>)TorchLibrary.Find(name, windowsName);
        if (TorchContext.Handle == 0 || function == null)
        {
            throw new NotSupportedException($"This LibTorch does not export '{(OperatingSystem.IsWindows() ? windowsName : name)}', "
                + "cuDNN's switch: leave it at the heuristic.");
        }

        function(TorchContext.Handle, isOn ? (byte)1 : (byte)0);
    }
}
