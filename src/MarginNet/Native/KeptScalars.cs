using TorchSharp;
using static TorchSharp.torch;

namespace MarginNet.Native;

/// <summary>
/// Arithmetic of tensors and numbers in which each number lives until LibTorch has read it. TorchSharp's own operators hand over the
/// address of a scalar that may be collected, and its memory used again, before it is read: rarely, and then with any result.
/// </summary>
internal static class KeptScalars
{
    private static readonly Scalar One = 1.0.ToScalar(); // Lives as long as the process.

    /// <summary>x·y.</summary>
    public static Tensor Times(this Tensor x, double y)
    {
        using var scalar = y.ToScalar();
        return x.mul(scalar);
    }

    /// <summary>x/y.</summary>
    public static Tensor Over(this Tensor x, double y)
    {
        using var scalar = y.ToScalar();
        return x.div(scalar);
    }

    /// <summary>x + y.</summary>
    public static Tensor Plus(this Tensor x, double y)
    {
        using var scalar = y.ToScalar();
        return x.add(scalar);
    }

    /// <summary>x + y, for which TorchSharp's operator makes a factor of 1.</summary>
    public static Tensor Plus(this Tensor x, Tensor y) => x.add(y, One);

    /// <summary>max(x, y).</summary>
    public static Tensor AtLeast(this Tensor x, double y)
    {
        using var scalar = y.ToScalar();
        return x.clamp_min(scalar);
    }

    /// <summary>min(x, y).</summary>
    public static Tensor AtMost(this Tensor x, double y)
    {
        using var scalar = y.ToScalar();
        return x.clamp_max(scalar);
    }

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
    public static Tensor IsAbove(this Tensor x, double y)
    {
        using var scalar = y.ToScalar();
        return x.gt(scalar);
    }

    /// <summary>x ≥ y.</summary>
    public static Tensor IsFrom(this Tensor x, double y)
    {
        using var scalar = y.ToScalar();
        return x.ge(scalar);
    }

    /// <summary>x &lt; y.</summary>
    public static Tensor IsBelow(this Tensor x, double y)
    {
        using var scalar = y.ToScalar();
        return x.lt(scalar);
    }

    /// <summary>x = y.</summary>
    public static Tensor Is(this Tensor x, double y)
    {
        using var scalar = y.ToScalar();
        return x.eq(scalar);
    }

    /// <summary>As many numbers y, of x's type.</summary>
    public static Tensor AllOf(this Tensor x, double y)
    {
        using var scalar = y.ToScalar();
        return full_like(x, scalar);
    }
}
