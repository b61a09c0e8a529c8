using MarginNet.Bounds;
using MarginNet.Graph;
using MarginNet.Native;
using static TorchSharp.torch;

namespace MarginNet.Relaxations;

/// <summary>
/// Lipschitz constants of linear functions of a network's values on sets of images, by intervals of their gradients, which go backward
/// through the slopes that curves may have there: Fast-Lip (Weng et al., 2018).
/// </summary>
internal static class LocalLipschitz
{
    private const double Unit = Rounding.Unit;
    private const double Tiny = 1e-300; // More than underflow takes.

    /// <summary>Bounds |f(x) − f(y)| / ‖x − y‖ over x and y in a convex set, for the network of exact numbers.</summary>
    /// <param name="bounds">Proven bounds of all values over the sets, in double precision.</param>
    /// <param name="value">The value that the functions are of.</param>
    /// <param name="rows">The functions, shape [R, N or 1, D].</param>
    /// <param name="p">The norm of images: 1, 2 or ∞.</param>
    /// <returns>Bounds, [R][N]; infinite where nothing is known.</returns>
    public static UpperBound[][] Of(BoundPropagation bounds, int value, Tensor rows, double p)
    {
        using var scope = NewDisposeScope();
        using var inference = no_grad();
        var (sizes, _) = Gradients(bounds, value, rows);
        var constants = Constants(sizes, p).data<double>().ToArray();
        return [.. constants.Select(each => new UpperBound(each)).Chunk((int)sizes.shape[1])];
    }

    /// <summary>Bounds linear functions of a value from below on balls: by what they are at the centre, less the constant on the ball times
    /// its radius, and less what the network's own rounding may do to them anywhere in it.</summary>
    /// <param name="bounds">Proven bounds of all values over the balls, in double precision, of the network as it is run.</param>
    /// <param name="value">The value.</param>
    /// <param name="rows">The functions, shape [R, N or 1, D].</param>
    /// <param name="centers">What they are at the centres in exact arithmetic, or less, shape [R, N].</param>
    /// <param name="p">The norm of images: 1, 2 or ∞.</param>
    /// <param name="radii">The radii, shape [N].</param>
    /// <returns>Lower bounds, shape [R, N]; −∞ or NaN where nothing is known.</returns>
    public static Tensor Lower(BoundPropagation bounds, int value, Tensor rows, Tensor centers, double p, Tensor radii)
    {
        using var scope = NewDisposeScope();
        using var inference = no_grad();
        var (sizes, rounding) = Gradients(bounds, value, rows);
        var fall = (Constants(sizes, p) * radii).Plus(rounding);
        // Two products, two sums and a difference.
        return (centers - fall - fall.Plus(centers.abs()).Times(8 * Unit).Plus(Tiny)).MoveToOuterDisposeScope();
    }

    /// <summary>The dual norm of partial derivatives of such sizes, rounded up; shape [R, N].</summary>
    private static Tensor Constants(Tensor sizes, double p)
    {
        var length = p switch
        {
            1 => sizes.amax(-1),
            2 => sizes.norm(-1),
            double.PositiveInfinity => sizes.sum(-1),
            _ => throw new ArgumentOutOfRangeException(nameof(p), p, "Expected 1, 2 or infinity."),
        };
        return length.nan_to_num(double.PositiveInfinity).Plus(Tiny).Times(1 + Rounding.Gamma(sizes.shape[^1] + 16));
    }

    /// <summary>How large each partial derivative by the images can be in size, shape [R, N, D], and what errors of all steps come to in
    /// the functions, shape [R, N]: what each step may be off by, D, times how large the derivative by its value can be.</summary>
    private static (Tensor Sizes, Tensor Rounding) Gradients(BoundPropagation bounds, int value, Tensor rows)
    {
        var graph = bounds.Graph;
        var (count, sets) = (rows.shape[0], bounds.Count);
        var pending = new Ball?[value + 1];
        var start = rows.expand(count, sets, -1).reshape([-1, .. graph.ShapeOf(value).At(1)[1..]]);
        pending[value] = new(start, zeros_like(start));
        var rounding = zeros(count, sets, dtype: graph.Type);
        for (var i = value - 1; i >= 0; i--)
        {
            if (pending[i + 1] is not { } a)
            {
                continue;
            }

            pending[i + 1] = null;
            var step = graph.Steps[i];
            if (bounds.ErrorOf(i) is { } error)
            {
                var terms = a.Magnitude.reshape(count, sets, -1) * error.flatten(1);
                rounding = rounding.Plus(terms.sum(-1).Times(1 + Rounding.Gamma(terms.shape[^1] + graph.Steps.Length + 8)).Plus(Tiny));
            }

            Interval Repeated(int place) => new(
                bounds[place].Lower.expand([count, sets, .. graph.ShapeOf(place).At(1)[1..]]).flatten(0, 1),
                bounds[place].Upper.expand([count, sets, .. graph.ShapeOf(place).At(1)[1..]]).flatten(0, 1));
            for (var k = 0; k < step.Data.Length; k++)
            {
                var place = step.Data[k];
                var next = step.Curve is { } curve ? a.Times(curve.Slopes(Repeated(place)))
                    : step.IsProduct ? a.Times(Repeated(step.Data[1 - k])).Reduced(graph.ShapeOf(place), step.Terms)
                    : a.Back(step, k);
                pending[place] = pending[place] is { } other ? other.Plus(next) : next;
            }
        }

        var sizes = pending[0] is { } whole ? whole.Magnitude.reshape(count, sets, -1)
            : zeros(count, sets, graph.Input.Count.Count, dtype: graph.Type);
        return (sizes, rounding);
    }

    /// <summary>Intervals by their middles and radii, which hold what rounding does to the middles; shape [R·N, …].</summary>
    private readonly record struct Ball(Tensor Center, Tensor Radius)
    {
        public Tensor Magnitude => Center.abs().Plus(Radius);

        public Ball Plus(Ball other)
        {
            var center = Center.Plus(other.Center);
            return new(center, Widened(Radius.Plus(other.Radius), center));
        }

        public Ball Times(Interval factors)
        {
            var product = new Interval(Center - Radius, Center.Plus(Radius)).Times(factors);
            var center = product.Lower.Plus(product.Upper).Times(0.5);
            var radius = Widened((product.Upper - center).maximum(center - product.Lower), Center.abs().Plus(Radius) * factors.Magnitude);
            // 0 or 1 times it is exact.
            var isExact = factors.Lower.eq(factors.Upper).logical_and(factors.Lower.eq(factors.Lower * factors.Lower));
            return new(where(isExact, Center * factors.Lower, center), where(isExact, Radius * factors.Lower, radius));
        }

        /// <summary>Through an affine map: middles by Wᵀ, radii by |W|ᵀ.</summary>
        public Ball Back(RelaxedStep step, int input)
        {
            var share = 4 * Unit * (step.Terms + 4);
            var center = step.Layer.Operation.Transposed(step.Layer, input, Center);
            var radius = AbsoluteTransposed(step, input, Radius.Plus(Center.abs().Times(share)));
            return new(center, radius.Times(1 + share).Plus(Tiny));
        }

        /// <summary>Of a broadcast value as of the value itself.</summary>
        public Ball Reduced(ValueShape shape, long terms)
        {
            var size = ProductPlane.Reduce(Radius.Plus(Center.abs().Times(4 * Unit * terms)).unsqueeze(0), shape);
            return new(ProductPlane.Reduce(Center.unsqueeze(0), shape), size.Times(1 + (4 * Unit * terms)));
        }

        private static Tensor Widened(Tensor radius, Tensor size) => radius.Times(1 + (8 * Unit)).Plus(size.Times(8 * Unit)).Plus(Tiny);

        /// <summary>|W|ᵀ·y: what |W|·x, which is linear, is in x.</summary>
        private static Tensor AbsoluteTransposed(RelaxedStep step, int input, Tensor y)
        {
            using var gradients = enable_grad();
            var shapes = step.Layer.Shapes.Where((_, i) => !step.Layer.IsStored(i));
            Tensor[] data = [.. shapes.Select((shape, i) => zeros(shape.At(y.shape[0]), y.dtype, requires_grad: i == input))];
            return autograd.grad([step.Layer.Operation.Absolute(step.Layer, data)], [data[input]], [y])[0];
        }
    }
}
