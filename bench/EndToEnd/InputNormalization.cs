using static TorchSharp.torch;

namespace MarginNet.EndToEnd;

/// <summary>The arithmetic that makes normalised pixels of bytes.</summary>
internal enum InputForm
{
    /// <summary>Divide by 255, subtract the mean, divide by the deviation, as MarginNet does: its network takes pixels in [0, 1].</summary>
    SubtractAndDivide,

    /// <summary>One multiplication and one addition of constants, in place.</summary>
    MultiplyAdd,

    /// <summary>Subtract the mean; the factors are in the first convolution's weights. (The mean cannot be:
    /// zeros are padded after it is subtracted.)</summary>
    IntoConvolution,
}

internal static class InputNormalization
{
    /// <summary>Makes the network's input of bytes [N, C, H, W].</summary>
    /// <param name="bytes">The images, in any memory order.</param>
    /// <param name="data">Whose mean and deviation.</param>
    /// <param name="form">The arithmetic.</param>
    /// <param name="channelsLast">Whether the input has all channels of a pixel side by side in memory, or plane after plane.</param>
    public static Tensor Apply(Tensor bytes, PlainData data, InputForm form, bool channelsLast)
    {
        var floats = bytes.to(ScalarType.Float32);
        var input = form switch
        {
            InputForm.MultiplyAdd => floats.mul_(1 / (255 * data.Deviation)).sub_(data.Mean / data.Deviation),
            InputForm.IntoConvolution => floats.sub_(255 * data.Mean),
            _ => (floats.div_(255f) - data.Mean) / data.Deviation,
        };
        return channelsLast ? input.permute(0, 2, 3, 1).contiguous().permute(0, 3, 1, 2) : input.contiguous();
    }

    /// <summary>Moves the factors that <see cref="InputForm.IntoConvolution"/> leaves out into the network's first weights.</summary>
    public static void MoveInto(PlainResNet18 network, PlainData data)
    {
        using var scope = NewDisposeScope();
        using var inference = no_grad();
        _ = network.get_parameter("conv1.weight")!.div_(255 * data.Deviation);
    }
}
