using MarginNet.Attacks;
using MarginNet.Data;
using MarginNet.Native;
using static TorchSharp.torch;

namespace MarginNet.Backdoors;

/// <summary>
/// Projected gradient ascent to the largest margin of a class over all images in [0, 1]. A step has a length of its own, whatever that of
/// the gradient, so that the same images are found at any scale of the scores.
/// </summary>
internal static class MarginAscent
{
    private const int Patience = 20; // Steps over which a rise is measured.

    /// <summary>The largest margin met from any start, and its image [channels, height, width].</summary>
    public static (double Margin, float[] Image) Run(
        AttackedNetwork network, int target, long[] shape, Device device, MaximumMarginOptions options, CancellationToken cancellation)
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(new SplitMix64(options.Seed, target).NextUInt64());
        var points = rand([options.Starts, .. shape], generator: generator).to(device);
        var labels = full([options.Starts], target, ScalarType.Int64, device);
        var image = points[0].clone();
        var (largest, before) = (double.NegativeInfinity, double.NegativeInfinity);
        for (var step = 0; step <= options.Steps; step++)
        {
            cancellation.ThrowIfCancellationRequested();
            using var pass = NewDisposeScope();
            var (_, lead, descent) = network.Differentiate(points, labels, AttackObjective.LogitDifference);
            var (least, index) = lead.min(0);
            if (-least.item<float>() is var margin && margin > largest)
            {
                largest = margin;
                image.copy_(points[index.item<long>()]);
            }

            if (step % Patience == 0)
            {
                if (largest - before <= options.Tolerance * Math.Abs(largest))
                {
                    break;
                }

                before = largest;
            }

            points.copy_((points - Uphill(points, descent).Times(options.StepSize)).Within(0, 1));
        }

        return (largest, image.cpu().contiguous().data<float>().ToArray());
    }

    /// <summary>The gradient without what would leave [0, 1], of root mean square 1 in each image; 0 where nothing is left.</summary>
    private static Tensor Uphill(Tensor points, Tensor descent)
    {
        var leaves = points.le(0).logical_and(descent.gt(0)).logical_or(points.ge(1).logical_and(descent.lt(0)));
        var inside = descent.masked_fill(leaves, 0);
        var largest = inside.abs().amax([1, 2, 3], keepdim: true);
        var scaled = inside / largest.masked_fill(largest.eq(0), 1);
        var size = scaled.square().mean([1, 2, 3], keepdim: true).sqrt();
        return scaled / size.masked_fill(size.eq(0), 1);
    }
}
