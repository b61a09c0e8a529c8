using TorchSharp;
using static TorchSharp.torch;

namespace MarginNet.Native;

/// <summary>
/// Powers whose exponent stays until LibTorch has read it. TorchSharp's <c>pow</c>, and its <c>square</c>, which is one, let .NET collect
/// the exponent while the native code still reads it: rarely, and then it throws "false INTERNAL ASSERT FAILED".
/// </summary>
internal static class PowerExtensions
{
    /// <summary>x², element by element, to the last bit of <c>square</c>.</summary>
    public static Tensor Squared(this Tensor x) => x * x;

    /// <summary>x raised to a power, element by element.</summary>
    public static Tensor Power(this Tensor x, double exponent)
    {
        using var kept = exponent.ToScalar(); // Disposed after the call, so alive within it.
        return x.pow(kept);
    }
}
