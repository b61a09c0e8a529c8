using MarginNet.Data;
using MarginNet.Native;
using static TorchSharp.torch;

namespace MarginNet.Attacks;

/// <summary>The images an attack may make of some images x: the ball of radius ε around each and, where it clips, within [0, 1].</summary>
/// <param name="centers">The images, shape [N, channels, height, width].</param>
/// <param name="options">The norm, ε, and whether to clip.</param>
/// <param name="epsilons">An ε of its own for each image, shape [N]; null for that of the options.</param>
internal sealed class AttackBall(Tensor centers, AttackOptions options, double[]? epsilons = null)
{
    private const double StepShare = 0.01; // Of the pixels: those that a step in ℓ1 moves, as in SLIDE (Tramèr and Boneh, 2019).
    private const double SmallestNorm = 1e-12; // Only keeps 0/0 out of a projection that moves nothing.

    /// <summary>The radius ε of each ball, shape [N, 1, 1, 1] or [1, 1, 1, 1].</summary>
    public Tensor Radii { get; } = Each(Array.ConvertAll(epsilons ?? [options.Epsilon], radius => (float)radius), centers);

    /// <summary>The lengths of the steps of PGD, shape [N, 1, 1, 1] or [1, 1, 1, 1].</summary>
    public Tensor StepLengths { get; } =
        Each(Array.ConvertAll(epsilons ?? [options.Epsilon], radius => (float)(options with { Epsilon = radius }).StepLength), centers);

    /// <summary>The step of steepest ascent: α·sign g in ℓ∞, α·g/‖g‖₂ in ℓ2, and nearly so in ℓ1, where the 1 % of the pixels with the
    /// largest gradients move alike; zero where the whole gradient is.</summary>
    public Tensor Step(Tensor gradients, Tensor length)
    {
        if (options.Norm == AttackNorm.Linf)
        {
            return length * gradients.sign();
        }

        if (options.Norm == AttackNorm.L1)
        {
            var size = gradients.abs().flatten(1);
            var (least, _) = size.topk((int)Math.Max(1, Math.Round(StepShare * size.shape[1])), 1);
            var chosen = gradients.sign() * size.ge(least.narrow(1, least.shape[1] - 1, 1)).reshape(gradients.shape).to(gradients.dtype);
            return length * chosen / chosen.abs().sum([1, 2, 3], keepdim: true).clamp_min(1);
        }

        // Scaled by its largest entry first: the squares of a nearly saturated loss's gradient are zero in float32.
        var largest = gradients.abs().amax([1, 2, 3], keepdim: true);
        var scaled = gradients / largest.masked_fill(largest.eq(0), 1);
        return length * scaled / Norms(scaled);
    }

    /// <summary>The nearest points of the ball; then each pixel is clipped, which brings it no farther from x.</summary>
    public Tensor Project(Tensor points)
    {
        var change = points - centers;
        var allowed = options.Norm switch
        {
            AttackNorm.Linf => change.clamp(-Radii, Radii),
            AttackNorm.L1 => Shrink(change),
            _ => change * (Radii / Norms(change)).clamp_max(1),
        };
        var projected = centers + allowed;
        return options.Clip ? projected.clamp_(0, 1) : projected;
    }

    /// <summary>Uniformly random points of the ball, clipped; that of each image depends on the seed,
    /// the start and its number alone.</summary>
    public Tensor RandomPoints(int start, ReadOnlySpan<int> numbers) => Project(centers + (Radii * stack(
        Array.ConvertAll(numbers.ToArray(), image => RandomDirection(start, image))).to(centers.device)));

    /// <summary>A uniformly random point of the ball of radius 1.</summary>
    private Tensor RandomDirection(int start, int image)
    {
        var shape = centers.shape[1..];
        using var generator = new Generator(new SplitMix64(options.Seed, start, image).NextUInt64());
        if (options.Norm == AttackNorm.Linf)
        {
            return (2 * rand(shape, generator: generator)) - 1;
        }

        if (options.Norm == AttackNorm.L1)
        {
            // D + 1 exponential numbers over their sum are uniform on a simplex, of which the last is what the others leave.
            var count = shape.Aggregate(1L, (product, size) => product * size);
            var parts = rand(count + 1, generator: generator).clamp_min(SmallestNorm).log().neg();
            var signs = (rand(shape, generator: generator) - 0.5).sign();
            return signs * (parts.narrow(0, 1, count) / parts.sum()).reshape(shape);
        }

        var direction = randn(shape, generator: generator);
        var radius = rand(1, generator: generator).Power(1.0 / direction.numel());
        return radius * direction / direction.norm().clamp_min(SmallestNorm);
    }

    /// <summary>The nearest changes in ℓ2 of which Σ|δ| is at most the radius: all sizes less one number, but at least 0 (Duchi et al.,
    /// 2008).</summary>
    private Tensor Shrink(Tensor change)
    {
        var size = change.abs().flatten(1);
        var radius = Radii.flatten(1);
        var (sorted, _) = size.sort(1, descending: true);
        var excess = (sorted.cumsum(1) - radius) / arange(1, sorted.shape[1] + 1, dtype: size.dtype, device: size.device);
        var count = sorted.gt(excess).to(ScalarType.Int64).sum(1, keepdim: true).clamp_min(1);
        var less = where(size.sum(1, keepdim: true).gt(radius), excess.gather(1, count - 1), zeros_like(radius)).clamp_min(0);
        return change.sign() * (size - less).clamp_min(0).reshape(change.shape);
    }

    private static Tensor Each(float[] values, Tensor images) =>
        tensor(values, [values.Length, 1, 1, 1], dtype: images.dtype, device: images.device);

    private static Tensor Norms(Tensor images) => linalg.vector_norm(images, 2, [1, 2, 3], keepdim: true).clamp_min(SmallestNorm);
}
