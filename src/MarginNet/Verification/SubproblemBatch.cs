using MarginNet.Graph;
using MarginNet.Native;
using static TorchSharp.torch;

namespace MarginNet.Verification;

/// <summary>Subproblems side by side, all gates of each in one row.</summary>
/// <param name="Signs">+1 where a neuron is known to be open, −1 where closed, else 0; shape [B, P].</param>
/// <param name="Bounds">Bounds of the inputs of gates, shape [B, P] or [1, P].</param>
/// <param name="Shares">Slopes, shape [B, P].</param>
/// <param name="Prices">Prices of splits, shape [B, P].</param>
/// <param name="Rows">The functions, shape [1, B, C].</param>
internal sealed record SubproblemBatch(Tensor Signs, Interval Bounds, Tensor Shares, Tensor Prices, Tensor Rows)
{
    /// <summary>How many there are.</summary>
    public long Count => Signs.shape[0];

    /// <summary>The bounds with what the signs tell.</summary>
    public Interval Clamped
    {
        get
        {
            var (open, closed) = (Signs.IsAbove(0), Signs.IsBelow(0));
            return new(
                where(open, Bounds.Lower.AtLeast(0), Bounds.Lower), where(closed, Bounds.Upper.AtMost(0), Bounds.Upper));
        }
    }

    /// <summary>Some of them.</summary>
    public SubproblemBatch Take(Tensor places) => Map(all => all.index_select(0, places), Rows.index_select(1, places));

    /// <summary>Some in a row, each several times.</summary>
    public SubproblemBatch Repeat(long start, long count, long times) => Map(
        all => all.narrow(0, start, count).repeat_interleave(times, 0), Rows.narrow(1, start, count).repeat_interleave(times, 1));

    /// <summary>The same in another type.</summary>
    public SubproblemBatch To(ScalarType type) => Map(all => all.to(type), Rows.to(type));

    private SubproblemBatch Map(Func<Tensor, Tensor> map, Tensor rows) => new(
        map(Signs), Bounds.Lower.shape[0] == Signs.shape[0] ? new(map(Bounds.Lower), map(Bounds.Upper)) : Bounds, map(Shares), map(Prices),
        rows);
}
