using MarginNet.Graph;
using MarginNet.Native;
using static TorchSharp.torch;

namespace MarginNet.Relaxations;

/// <summary>
/// The least that Σ cⱼφ(xⱼ) − gⱼxⱼ can be for gates φ whose inputs x are in a box and in a ball (x̂, ρ), for any c and g:
/// the larger of the minimum over the box and, with a price λ ≥ 0 of the ball, of Σ minⱼ (cⱼφ(x) − gⱼx + λ(x − x̂ⱼ)²/2) − λρ²/2
/// over the box.
/// </summary>
/// <remarks>
/// Each minimum is that of two parabolas, one on each side of 0. Without the box, the second is the offset of SDP-CROWN (Chiu et al. 2025);
/// with it, a gate that is decided costs nothing. It is concave in λ, its derivative (‖x − x̂‖² − ρ²)/2 at the minimum x, and
/// sound for each λ, which is searched for here and not differentiated: at the best λ, as at the minimum x, that changes nothing.
/// </remarks>
internal static class GateMinimum
{
    private const int Steps = 8; // Of the search of λ; more gained nothing that was seen.
    private const double Dearest = 1e6;

    /// <summary>Computes lower bounds.</summary>
    /// <param name="gate">The gate.</param>
    /// <param name="c">What the gates' values are multiplied by, shape [R, N, …].</param>
    /// <param name="g">What their inputs are multiplied by, of the same shape; c times the slope where a gate is decided.</param>
    /// <param name="x">The box, each [N, …].</param>
    /// <param name="ball">The ball; its centre may be one for all N.</param>
    /// <param name="unit">The unit roundoff that the bounds are lowered for; 0 where they prove nothing.</param>
    /// <returns>Shape [R, N]; differentiable in c and g.</returns>
    public static Tensor Of(GateCurve gate, Tensor c, Tensor g, Interval x, ValueBall ball, double unit)
    {
        // Where a gate is decided in every set both terms of it are 0.
        var places = gate.IsUndecided(x).flatten(1).any(0).nonzero().flatten();
        if (places.shape[0] == 0)
        {
            return zeros(c.shape.AsSpan()[..2].ToArray(), c.dtype);
        }

        (c, g) = (c.flatten(2).index_select(2, places), g.flatten(2).index_select(2, places));
        Tensor Own(Tensor value) => value.flatten(1).index_select(1, places);
        var terms = new Terms(gate, c.detach(), g.detach(), new(Own(x.Lower), Own(x.Upper)), Own(ball.Center));
        var (price, least) = terms.Price(ball.Radius);
        var (open, closed) = (c - g, c.Times(gate.Closed) - g);
        var inBox = (open * terms.Above.Upper).minimum(closed * terms.Below.Lower).AtMost(0).sum(-1);
        var inBoth = (where(least.IsAbove(0), open, closed) * least).sum(-1).Plus(Terms.Paid(price, terms.Distance(least), ball.Radius));
        if (unit > 0)
        {
            var most = terms.Magnitude;
            var size = (c.abs().Plus(g.abs()) * most).sum(-1);
            var paid = (most * most).sum(-1).Plus(ball.Radius * ball.Radius) * price;
            var share = 8 * unit * (places.shape[0] + 16);
            (inBox, inBoth) = (inBox - size.Times(share), inBoth - size.Plus(paid).Times(share));
        }

        return inBox.maximum(inBoth);
    }

    /// <summary>The terms of the sum, as numbers.</summary>
    private sealed class Terms(GateCurve gate, Tensor c, Tensor g, Interval x, Tensor center)
    {
        private readonly Tensor _open = c - g;
        private readonly Tensor _closed = c.Times(gate.Closed) - g;

        /// <summary>Where x may be on the side above 0.</summary>
        public Interval Above { get; } = new(x.Lower.AtLeast(0), x.Upper.AtLeast(0));

        /// <summary>Where it may be below.</summary>
        public Interval Below { get; } = new(x.Lower.AtMost(0), x.Upper.AtMost(0));

        /// <summary>How large a number met can be.</summary>
        public Tensor Magnitude => x.Magnitude.maximum(center.abs());

        /// <summary>λ(‖x − x̂‖² − ρ²)/2.</summary>
        public static Tensor Paid(Tensor price, Tensor distance, Tensor radius) =>
            ((distance * distance) - (radius * radius)) * price.Times(0.5);

        /// <summary>‖x − x̂‖.</summary>
        public Tensor Distance(Tensor at) => (at - center).norm(-1);

        /// <summary>λ for which the bound is largest, or nearly, shape [R, N], and the minimum there.</summary>
        public (Tensor Price, Tensor Least) Price(Tensor radius)
        {
            using var scope = NewDisposeScope();
            using var inference = no_grad();
            radius = radius.AtLeast(1e-30);
            // The price were nothing in the way, and then again and again by what the minimum is too far.
            var price = (_open.abs().maximum(_closed.abs()).norm(-1) / radius).Within(1e-20, Dearest);
            var (low, high) = (zeros_like(price), price.AllOf(Dearest));
            var (best, most) = (price, price.AllOf(double.NegativeInfinity));
            for (var i = 0; i < Steps; i++)
            {
                using var step = NewDisposeScope();
                var least = Least(price);
                var distance = Distance(least);
                var bound = (where(least.IsAbove(0), _open, _closed) * least).sum(-1).Plus(Paid(price, distance, radius));
                var isBetter = bound.gt(most);
                var isFar = distance.gt(radius);
                (best, most) = (Keep(where(isBetter, price, best)), Keep(where(isBetter, bound, most)));
                (low, high) = (Keep(where(isFar, price, low)), Keep(where(isFar, high, price)));
                var next = price * (distance / radius).AtLeast(1e-2);
                price = Keep(where(next.gt(low).logical_and(next.lt(high)), next, (low.AtLeast(1e-20) * high).sqrt()));
            }

            return (best.MoveToOuterDisposeScope(), Least(best).MoveToOuterDisposeScope());
        }

        private Tensor Least(Tensor price)
        {
            price = price.unsqueeze(-1);
            var (above, below) = (Clamp(center - (_open / price), Above), Clamp(center - (_closed / price), Below));
            var (high, low) = (At(_open, above), At(_closed, below));
            return where(high.lt(low), above, below);

            Tensor At(Tensor slope, Tensor at) => (slope * at).Plus((at - center) * (at - center) * price.Times(0.5));
        }

        private static Tensor Keep(Tensor value) => value.MoveToOuterDisposeScope();

        private static Tensor Clamp(Tensor value, Interval to) => value.maximum(to.Lower).minimum(to.Upper);
    }
}
