using MarginNet.Native;
using TorchSharp;
using static TorchSharp.torch;

namespace MarginNet.Models;

/// <summary>
/// How the kernels of convolutions lie in memory: on a GPU in the order of the images, channels last, so that cuDNN need not bring them
/// to it at each pass; elsewhere, and in every file, row by row. The switch <see cref="ContiguousSwitch"/> of <see cref="AppContext"/>
/// leaves them so on GPUs.
/// </summary>
internal static class KernelOrder
{
    /// <summary>The name of the switch, off by default.</summary>
    public const string ContiguousSwitch = "MarginNet.ContiguousKernels";

    /// <summary>Whether kernels on a device are to lie in the order of the images.</summary>
    public static bool IsChannelsLast(Device device) =>
        device.type == DeviceType.CUDA && !(AppContext.TryGetSwitch(ContiguousSwitch, out var isOn) && isOn);

    /// <summary>Brings the kernels of a network to an order, in place.</summary>
    public static void Apply(nn.Module network, bool channelsLast)
    {
        using var scope = NewDisposeScope();
        using var inference = no_grad();

        // Where a size is 1 the two orders are one.
        foreach (var kernels in network.parameters().Cast<Tensor>().Concat(network.buffers())
            .Where(it => it.dim() == 4 && it.shape.Min() > 1))
        {
            if (MemoryOrder.IsChannelsLast(kernels) != channelsLast)
            {
                _ = kernels.set_(channelsLast ? MemoryOrder.ChannelsLast(kernels) : kernels.contiguous());
            }
        }
    }
}
