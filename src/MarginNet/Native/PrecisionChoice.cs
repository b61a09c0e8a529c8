using MarginNet.Native;
using static TorchSharp.torch;
using DeviceType = TorchSharp.DeviceType;

namespace MarginNet;

/// <summary>What <see cref="Precision.Auto"/> stands for.</summary>
public static class PrecisionChoice
{
    /// <summary>
    /// The precision itself, or for <see cref="Precision.Auto"/> the fastest one.
    /// On a CUDA GPU that is bfloat16 from compute capability 8.0 on, float16 from 7.0 on, else float32;
    /// on a CPU bfloat16 where it has instructions for that (AVX512_BF16, AMX-BF16), else float32.
    /// </summary>
    /// <param name="precision">A precision.</param>
    /// <param name="device">Where the network is.</param>
    /// <returns>A precision other than <see cref="Precision.Auto"/>.</returns>
    /// <exception cref="NotSupportedException">LibTorch does not export autocast, which the precision needs.</exception>
    public static Precision Resolve(this Precision precision, Device device)
    {
        if (precision != Precision.Auto)
        {
            Autocast.ThrowIfMissing(precision);
            return precision;
        }

        if (!Autocast.CanSwitch)
        {
            return Precision.Float32;
        }

        return device.type switch
        {
            DeviceType.CUDA => CudaDriver.Major(device.index) switch
            {
                >= 8 => Precision.BFloat16,
                7 => Precision.Float16,
                _ => Precision.Float32,
            },
            DeviceType.CPU when Processor.HasBFloat16 => Precision.BFloat16,
            _ => Precision.Float32,
        };
    }
}
