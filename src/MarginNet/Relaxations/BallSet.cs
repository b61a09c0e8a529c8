using MarginNet.Graph;
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
        ? new((center - radius.unsqueeze(1)).clamp_min(0), (center + radius.unsqueeze(1)).clamp_max(1))
        : new(center - radius.unsqueeze(1), center + radius.unsqueeze(1));

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
            return there - (isEuclidean ? (coefficients * coefficients).sum(-1).add(1e-38).sqrt() : coefficients.abs().amax(-1)) * radius;
        }

        var price = Price(coefficients).unsqueeze(-1);
        var change = Change(coefficients, price);
        var paid = isEuclidean ? price * ((change * change).sum(-1, keepdim: true) - radius.pow(2).unsqueeze(-1))
            : price * (change.abs().sum(-1, keepdim: true) - radius.unsqueeze(-1));
        return there + (coefficients * change).sum(-1) + paid.squeeze(-1);
    }

    public override Tensor Minimizer(Tensor coefficients)
    {
        var free = isEuclidean ? -coefficients * (radius.unsqueeze(-1) / coefficients.norm(-1, keepdim: true).clamp_min(1e-30))
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
        var high = isEuclidean ? (a.norm(-1) / (2 * radius.clamp_min(1e-30))) : a.abs().amax(-1);
        for (var i = 0; i < Halvings; i++)
        {
            var middle = (low + high) / 2;
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
            return (-a / (2 * price.clamp_min(1e-30))).maximum(lower).minimum(upper);
        }

        return where(a.abs().gt(price), where(a.gt(0), lower, upper), zeros_like(a));
    }
}
