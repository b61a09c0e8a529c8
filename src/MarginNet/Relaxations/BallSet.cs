using MarginNet.Graph;
using MarginNet.Native;
using static TorchSharp.torch;

namespace MarginNet.Relaxations;

/// <summary>
/// Balls in ℓ2 or ℓ1, cut to [0, 1] or not. In a cut ball the least of a·δ is bounded by its Lagrangian, Σ minⱼ (aⱼδⱼ + νδⱼ²) − νε² or
/// Σ minⱼ (aⱼδⱼ + ν|δⱼ|) − νε over the box, which is sound for every ν ≥ 0; the best is searched for.
/// </summary>
/// <param name="center">The centres, shape [N, D].</param>
/// <param name="radius">The radii, shape [N].</param>
/// <param name="isEuclidean">Whether in ℓ2; else in ℓ1.</param>
/// <param name="isCut">Whether cut to [0, 1], in which the centres are.</param>
internal sealed class BallSet(Tensor center, Tensor radius, bool isEuclidean, bool isCut) : InputSet
{
    private const int Halvings = 24;

    private const double Unit = 2.3e-16; // Two of double precision; for what is searched for in another, nothing.

    private readonly Interval _box = Around(center, radius.unsqueeze(1), isCut);

    public override Interval Box => _box;

    /// <summary>Whether in ℓ2; else in ℓ1.</summary>
    public bool IsEuclidean => isEuclidean;

    /// <summary>The centres.</summary>
    public Tensor Center => center;

    /// <summary>The radii.</summary>
    public Tensor Radius => radius;

    public override Tensor Minimum(Tensor coefficients)
    {
        var there = (coefficients * center).sum(-1);
        if (!isCut)
        {
            return there - (isEuclidean ? (coefficients * coefficients).sum(-1).Plus(1e-38).sqrt() : coefficients.abs().amax(-1)) * radius;
        }

        if (!isEuclidean)
        {
            var size = coefficients.abs();
            var pivot = Pivot(size, Reach(coefficients));
            return there - ((size - pivot.unsqueeze(-1)).AtLeast(0) * Reach(coefficients)).sum(-1) - (pivot * radius);
        }

        var price = Price(coefficients).unsqueeze(-1);
        var change = Change(coefficients, price);
        var (length, most) = ((change * change).sum(-1, keepdim: true), (radius * radius).unsqueeze(-1));
        // With what rounding of the difference may hide.
        var paid = price * (length - most - length.Plus(most).Times((coefficients.shape[^1] + 4) * Unit));
        return there.Plus((coefficients * change).sum(-1)).Plus(paid.squeeze(-1));
    }

    public override Tensor Minimizer(Tensor coefficients)
    {
        var change = isEuclidean
            ? isCut ? Change(coefficients, Price(coefficients).unsqueeze(-1))
                : -coefficients * (radius.unsqueeze(-1) / coefficients.norm(-1, keepdim: true).AtLeast(1e-30))
            : Steepest(coefficients);
        return center.Plus(change).maximum(_box.Lower).minimum(_box.Upper);
    }

    /// <summary>In ℓ1 the numbers with the largest coefficients go as far as they can, one after another, until the radius is used
    /// up.</summary>
    private Tensor Steepest(Tensor coefficients)
    {
        var order = coefficients.abs().argsort(-1, descending: true);
        var reach = isCut ? Reach(coefficients).gather(-1, order) : radius.unsqueeze(-1).expand(coefficients.shape);
        var left = (radius.unsqueeze(-1) - (reach.cumsum(-1) - reach)).AtLeast(0);
        return zeros_like(coefficients).scatter(-1, order, reach.minimum(left)) * -coefficients.sign();
    }

    public override InputSet To(ScalarType type) => new BallSet(center.to(type), radius.to(type), isEuclidean, isCut);

    /// <summary>How far each number can go against its coefficient.</summary>
    private Tensor Reach(Tensor coefficients) => where(coefficients.IsAbove(0), center - _box.Lower, _box.Upper - center);

    /// <summary>ν in ℓ1: the size of the largest coefficient whose number cannot go all its way any more, or 0; shape [R, N].</summary>
    private Tensor Pivot(Tensor size, Tensor reach)
    {
        var (sorted, order) = size.sort(-1, descending: true);
        var full = reach.gather(-1, order).cumsum(-1).le(radius.unsqueeze(-1)).sum(-1, keepdim: true);
        // Behind all of them stands 0.
        return nn.functional.pad(sorted, [0, 1]).gather(-1, full).squeeze(-1);
    }

    /// <summary>ν in ℓ2, for which the change within the box is as long as the ball allows, or 0; shape [R, N].</summary>
    private Tensor Price(Tensor coefficients)
    {
        using var scope = NewDisposeScope();
        using var inference = no_grad();
        var a = coefficients.detach();
        var low = zeros(a.shape.AsSpan()[..^1].ToArray(), a.dtype);
        var high = a.norm(-1) / radius.AtLeast(1e-30).Times(2);
        for (var i = 0; i < Halvings; i++)
        {
            var middle = low.Plus(high).Times(0.5);
            var isLong = Change(a, middle.unsqueeze(-1)).norm(-1).gt(radius);
            (low, high) = (where(isLong, middle, low), where(isLong, high, middle));
        }

        // Where the best corner of the box is in the ball, nothing is to be paid.
        var isFree = Change(a, zeros_like(high).unsqueeze(-1)).norm(-1).le(radius);
        return high.mul(isFree.logical_not().to(high.dtype)).MoveToOuterDisposeScope();
    }

    /// <summary>The δ in the box at which aδ + νδ² is least, number by number.</summary>
    private Tensor Change(Tensor coefficients, Tensor price)
    {
        using var inference = no_grad();
        var a = coefficients.detach();
        return (-a / price.AtLeast(1e-30).Times(2)).maximum(_box.Lower - center).minimum(_box.Upper - center);
    }

    private static Interval Around(Tensor center, Tensor radius, bool isCut)
    {
        var reach = radius.Plus(center.abs().Plus(radius).Times(Unit));
        var (lower, upper) = (center - reach, center.Plus(reach));
        return isCut ? new(lower.AtLeast(0), upper.AtMost(1)) : new(lower, upper);
    }
}
