using static TorchSharp.torch;

namespace MarginNet.Graph;

/// <summary>Bounds of every number of a value.</summary>
/// <param name="Lower">Lower bounds, shape [N, …].</param>
/// <param name="Upper">Upper bounds, of the same shape.</param>
internal readonly record struct Interval(Tensor Lower, Tensor Upper)
{
    /// <summary>How large a number can be in size.</summary>
    public Tensor Magnitude => Lower.abs().maximum(Upper.abs());

    /// <summary>What lies in both.</summary>
    public Interval And(Interval other) => new(Lower.maximum(other.Lower), Upper.minimum(other.Upper));

    /// <summary>The products of numbers of both.</summary>
    public Interval Times(Interval other)
    {
        var (a, b, c, d) = (Lower * other.Lower, Lower * other.Upper, Upper * other.Lower, Upper * other.Upper);
        return new(a.minimum(b).minimum(c.minimum(d)), a.maximum(b).maximum(c.maximum(d)));
    }

    /// <summary>Keeps both beyond the dispose scope.</summary>
    public Interval MoveToOuterDisposeScope() => new(Lower.MoveToOuterDisposeScope(), Upper.MoveToOuterDisposeScope());
}
