using MarginNet.Graph;
using MarginNet.Native;
using static TorchSharp.torch;

namespace MarginNet.Relaxations;

/// <summary>
/// Balls in ℓ2 or ℓ1, cut to [0, 1] or not. In a cut ball the least of a·δ is bounded by its Lagrangian,
/// Σ minⱼ (aⱼδⱼ + ν‖δⱼ‖) − νε over the box, which is sound for every ν ≥ 0; the best is searched for.
/// </summary>
/// <param name="center">The centres, shape [N, D].</param>
/// <param name="radius">The radii, shape [N].</param>
/// <param name="isEuclidean">Whether in ℓ2; else in ℓ1.</param>
/// <param name="isCut">Whether cut to [0, 1], in which the centres are.</param>
internal sealed class BallSet(Tensor center, Tensor radius, bool isEuclidean, bool isCut) : InputSet
{
    private const int Halvings = 24;

    private readonly Interval _box = isCut
        ? new((center - radius.unsqueeze(1)).AtLeast(0), (center + radius.unsqueeze(1)).AtMost(1))
        : new(center - radius.unsqueeze(1), center + radius.unsqueeze(1));

    public override Interval Box => _box;

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

        var price = Price(coefficients).unsqueeze(-1);
        var change = Change(coefficients, price);
        var paid = isEuclidean ? price * ((change * change).sum(-1, keepdim: true) - (radius * radius).unsqueeze(-1))
            : price * (change.abs().sum(-1, keepdim: true) - radius.unsqueeze(-1));
        return there + (coefficients * change).sum(-1) + paid.squeeze(-1);
    }

    public override Tensor Minimizer(Tensor coefficients)
    {
        var free = isEuclidean ? -coefficients * (radius.unsqueeze(-1) / coefficients.norm(-1, keepdim: true).AtLeast(1e-30))
            : zeros_like(coefficients).scatter(
                -1, coefficients.abs().argmax(-1, keepdim: true),
                -coefficients.gather(-1, coefficients.abs().argmax(-1, keepdim: true)).sign() * radius.unsqueeze(-1));
        var change = isCut ? Change(coefficients, Price(coefficients).unsqueeze(-1)) : free;
        return (center + change).maximum(_box.Lower).minimum(_box.Upper);
    }

    public override InputSet To(ScalarType type) => new BallSet(center.to(type), radius.to(type), isEuclidean, isCut);

    /// <summary>ν, for which the change within the box is as long as the ball allows, or 0; shape [R, N].</summary>
    private Tensor Price(Tensor coefficients)
    {
        using var scope = NewDisposeScope();
        using var inference = no_grad();
        var a = coefficients.detach();
        var low = zeros(a.shape.AsSpan()[..^1].ToArray(), a.dtype);
        var high = isEuclidean ? (a.norm(-1) / radius.AtLeast(1e-30).Times(2)) : a.abs().amax(-1);
        for (var i = 0; i < Halvings; i++)
        {
            var middle = (low + high).Times(0.5);
            var change = Change(a, middle.unsqueeze(-1));
            var isLong = (isEuclidean ? change.norm(-1) : change.abs().sum(-1)).gt(radius);
            (low, high) = (where(isLong, middle, low), where(isLong, high, middle));
        }

        return high.MoveToOuterDisposeScope();
    }

    /// <summary>The δ in the box at which aδ + ν‖δ‖ is least, number by number.</summary>
    private Tensor Change(Tensor coefficients, Tensor price)
    {
        using var inference = no_grad();
        var a = coefficients.detach();
        var (lower, upper) = (_box.Lower - center, _box.Upper - center);
        if (isEuclidean)
        {
            return (-a / price.AtLeast(1e-30).Times(2)).maximum(lower).minimum(upper);
        }

        return where(a.abs().gt(price), where(a.IsAbove(0), lower, upper), zeros_like(a));
    }
}
