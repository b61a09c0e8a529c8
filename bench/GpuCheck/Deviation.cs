using static TorchSharp.torch;

namespace MarginNet.GpuCheck;

/// <summary>How far numbers of the device and of the CPU, both float32, are from the CPU's float64.</summary>
internal static class Deviation
{
    /// <summary>The device may be this many times as far off as the CPU.</summary>
    private const double Factor = 8;

    /// <summary>The largest difference as a share of the largest number; +∞ where one is NaN.</summary>
    public static double Of(Tensor exact, Tensor found)
    {
        using var scope = NewDisposeScope();
        var (a, b) = (exact.detach().cpu().to(ScalarType.Float64), found.detach().cpu().to(ScalarType.Float64));
        var difference = (a - b).abs().max().item<double>();
        var scale = a.abs().max().item<double>();
        return difference == 0 ? 0 : double.IsNaN(difference) ? double.PositiveInfinity : difference / Math.Max(scale, double.Epsilon);
    }

    /// <summary>Compares the device's error with the CPU's.</summary>
    /// <param name="what">What the numbers are.</param>
    /// <param name="exact">From float64.</param>
    /// <param name="onCpu">From float32 on the CPU.</param>
    /// <param name="onDevice">From float32 on the device.</param>
    /// <param name="rounding">What may be rounding whatever the CPU's error is.</param>
    public static Finding Compare(string what, Tensor exact, Tensor onCpu, Tensor onDevice, double rounding)
    {
        var (cpu, device) = (Of(exact, onCpu), Of(exact, onDevice));
        return Finding.AtMost(Math.Max(rounding, Factor * cpu), what, device, cpu, "error against float64");
    }
}
