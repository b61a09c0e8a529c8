using System.Numerics;

namespace MarginNet.Bounds;

/// <summary>How a sum of products is formed: in blocks, each in any order, whose sums are then added along a balanced tree.</summary>
/// <param name="Terms">Products in a block, at least 1.</param>
/// <param name="Blocks">Blocks, at least 1.</param>
internal readonly record struct SumOrder(long Terms, long Blocks = 1)
{
    /// <summary>So many products in blocks of a given length.</summary>
    public static SumOrder InBlocks(long terms, long length) => new(Math.Min(terms, length), (terms + length - 1) / length);

    /// <summary>
    /// What rounding, a bias added last included, may come to. A partial sum of a block is the sum of a subset of its terms, hence
    /// at most ½(Σ|terms| + |sum|): n − 1 of them are rounded, and n products; then each block's sum as often as the tree is deep.
    /// </summary>
    /// <param name="format">The numbers it is computed with.</param>
    /// <param name="absolute">A bound of the sum of the products' absolute values, in ℓ2 over the outputs.</param>
    /// <param name="value">A bound of their sum itself.</param>
    /// <param name="bias">A bound of the bias.</param>
    /// <param name="outputs">Sums in all.</param>
    public AffineBound Error(FloatFormat format, AffineBound absolute, AffineBound value, double bias, long outputs)
    {
        if (Blocks == 1)
        {
            // The bias may be added at any time: it is a term more.
            return Error(
                format, ((absolute + bias) * ((Terms / 2.0) + 1)) + ((value.Least(absolute) + bias) * (Terms / 2.0)), Terms + 1, outputs);
        }

        // Of columns in B blocks, Σ over blocks of ‖W_b‖‖x_b‖ ≤ √B ‖W‖‖x‖.
        var sums = absolute.Least(value * Rounding.RootUp(Blocks));
        var depth = BitOperations.Log2((ulong)Blocks - 1) + 2; // Of the tree, and one for the bias.
        return Error(
            format, (absolute * (((Terms - 1) / 2.0) + 1)) + (sums * (((Terms - 1) / 2.0) + depth)) + bias, Terms + depth, outputs);
    }

    private AffineBound Error(FloatFormat format, AffineBound roundings, double length, long outputs)
    {
        var underflow = Rounding.ProductUp(2 * (Terms + 1) * (double)Blocks * format.Smallest, Rounding.RootUp(outputs));
        return (roundings * Rounding.ProductUp(format.Unit, format.Higher(length))) + underflow;
    }
}
