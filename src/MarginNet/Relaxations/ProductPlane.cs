using MarginNet.Graph;
using MarginNet.Native;
using static TorchSharp.torch;

namespace MarginNet.Relaxations;

/// <summary>
/// Planes that the product of two numbers lies between: xy = m′x + my − mm′ + (x − m)(y − m′) with m and m′ in the middle of where x and y
/// are; the last product is within ± the product of both radii, and of a square it is not negative. It is the mean of McCormick's planes.
/// </summary>
/// <param name="Right">m′, what x is multiplied by, shape [N, …].</param>
/// <param name="Left">m, what y is multiplied by.</param>
/// <param name="Constant">−mm′.</param>
/// <param name="Least">The least of the last product.</param>
/// <param name="Most">The most.</param>
internal readonly record struct ProductPlane(Tensor Right, Tensor Left, Tensor Constant, Tensor Least, Tensor Most)
{
    private const double Rise = 1 + 1e-15;

    /// <summary>The planes of the products of two values, which are broadcast.</summary>
    public static ProductPlane Of(Interval x, Interval y, bool isSquare)
    {
        var (left, right) = (x.Lower.Plus(x.Upper).Times(0.5), y.Lower.Plus(y.Upper).Times(0.5));
        var most = (Radius(x, left) * Radius(y, right)).Times(Rise);
        return new(right, left, -left * right, isSquare ? zeros_like(most) : -most, most);
    }

    /// <summary>Coefficients of a broadcast value as those of the value itself, the first two axes as one.</summary>
    public static Tensor Reduce(Tensor coefficients, ValueShape shape)
    {
        for (var axis = 1; axis < shape.Rank; axis++)
        {
            coefficients = shape[axis] == 1 ? coefficients.sum(axis + 1, keepdim: true) : coefficients;
        }

        return coefficients.flatten(0, 1);
    }

    private static Tensor Radius(Interval x, Tensor middle) => (x.Upper - middle).maximum(middle - x.Lower).Times(Rise);
}
