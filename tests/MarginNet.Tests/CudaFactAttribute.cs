using TorchSharp;
using static TorchSharp.torch;

namespace MarginNet.Tests;

/// <summary>A test that needs a CUDA GPU and a LibTorch that can use it.</summary>
internal sealed class CudaFactAttribute : FactAttribute
{
    public CudaFactAttribute()
    {
        if (!TryInitializeDeviceType(DeviceType.CUDA) || !cuda.is_available())
        {
            Skip = "There is no CUDA GPU, or this LibTorch is the CPU's: build with -p:TorchBackend=cuda.";
        }
    }
}
