using TorchSharp;
using static TorchSharp.torch;

namespace MarginNet.Native;

/// <summary>
/// Arithmetic of tensors and numbers in which each number lives until LibTorch has read it. TorchSharp's own operators hand over the
/// address of a scalar that may be collected, and its memory used again, before it is read: rarely, and then with any result.
/// </summary>
internal static class KeptScalars
{
    private static readonly Scalar One = 1.ToScalar(); // Lives as long as the process; whole, for tensors of whole numbers too.

    /// <summary>x·y.</summary>
    public static Tensor Times(this Tensor x, double y) => With(x, y, static (x, y) => x.mul(y));

    /// <summary>x/y.</summary>
    public static Tensor Over(this Tensor x, double y) => With(x, y, static (x, y) => x.div(y));

    /// <summary>x + y, for which TorchSharp's own makes a factor of 1, another scalar.</summary>
    public static Tensor Plus(this Tensor x, double y) => With(x, y, static (x, y) => x.add(y, One));

    /// <summary>x + y, likewise.</summary>
    public static Tensor Plus(this Tensor x, Tensor y) => x.add(y, One);

    /// <summary>max(x, y).</summary>
    public static Tensor AtLeast(this Tensor x, double y) => With(x, y, static (x, y) => x.clamp_min(y));

    /// <summary>min(x, y).</summary>
    public static Tensor AtMost(this Tensor x, double y) => With(x, y, static (x, y) => x.clamp_max(y));

    /// <summary>x, cut to [least, most].</summary>
    public static Tensor Within(this Tensor x, double least, double most)
    {
        using var from = least.ToScalar();
        using var to = most.ToScalar();
        return x.clamp(from, to);
    }

    /// <summary>x, cut to [least, most] where it is.</summary>
    public static void CutTo(this Tensor x, double least, double most)
    {
        using var from = least.ToScalar();
        using var to = most.ToScalar();
        x.clamp_(from, to);
    }

    /// <summary>x > y.</summary>
    public static Tensor IsAbove(this Tensor x, double y) => With(x, y, static (x, y) => x.gt(y));

    /// <summary>x ≥ y.</summary>
    public static Tensor IsFrom(this Tensor x, double y) => With(x, y, static (x, y) => x.ge(y));

    /// <summary>x &lt; y.</summary>
    public static Tensor IsBelow(this Tensor x, double y) => With(x, y, static (x, y) => x.lt(y));

    /// <summary>x = y.</summary>
    public static Tensor Is(this Tensor x, double y) => With(x, y, static (x, y) => x.eq(y));

    /// <summary>As many numbers y, of x's type.</summary>
    public static Tensor AllOf(this Tensor x, double y) => With(x, y, static (x, y) => full_like(x, y));

    private static Tensor With(Tensor x, double y, Func<Tensor, Scalar, Tensor> compute)
    {
        using var scalar = y.ToScalar();
        return compute(x, scalar);
    }
}
