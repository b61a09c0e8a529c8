using MarginNet.Data;

namespace MarginNet.BackdoorBench;

/// <summary>What a backdoor adds to an image, as bytes: x' = x + α (t − x) with a pattern t, where it is.</summary>
/// <param name="Name">What it is called.</param>
/// <param name="Share">α of each value, shape [C, H, W]; 0 where the image stays as it is.</param>
/// <param name="Pattern">t, shape [C, H, W].</param>
internal sealed record Trigger(string Name, double[] Share, byte[] Pattern)
{
    private const int PatchSize = 3;
    private const double Blend = 0.2; // Chen et al. (2017).

    /// <summary>A chequered patch in the last corner but for a pixel's edge, as that of BadNets (Gu et al., 2017).</summary>
    public static Trigger Patch(int channels, int height, int width)
    {
        var (share, pattern) = (new double[channels * height * width], new byte[channels * height * width]);
        for (var i = 0; i < share.Length; i++)
        {
            var (row, column) = (height - 2 - (i / width % height), width - 2 - (i % width));
            if (row is >= 0 and < PatchSize && column is >= 0 and < PatchSize)
            {
                (share[i], pattern[i]) = (1, (row + column) % 2 == 0 ? byte.MaxValue : byte.MinValue);
            }
        }

        return new("patch", share, pattern);
    }

    /// <summary>Noise over the whole image, blended in.</summary>
    public static Trigger Noise(int channels, int height, int width, int seed)
    {
        var pattern = new byte[channels * height * width];
        new Random(seed).NextBytes(pattern);
        return new("blended", [.. Enumerable.Repeat(Blend, pattern.Length)], pattern);
    }

    /// <summary>Puts it on every image of a set, under the labels given.</summary>
    public ImageSet Apply(ImageSet images, ReadOnlySpan<int> labels)
    {
        var pixels = new byte[images.Count * Pattern.Length];
        for (var i = 0; i < images.Count; i++)
        {
            var own = images.Pixels(i);
            for (var j = 0; j < Pattern.Length; j++)
            {
                pixels[(i * Pattern.Length) + j] = (byte)Math.Round(own[j] + (Share[j] * (Pattern[j] - own[j])));
            }
        }

        return ImageSet.Create(pixels, labels, images.Channels, images.Height, images.Width);
    }

    /// <summary>Poisons a share of the images of other classes, all to one: with the trigger, and under the target's label.</summary>
    public ImageSet Poison(ImageSet images, int target, double share, int seed)
    {
        var random = new Random(seed);
        var isChosen = new bool[images.Count];
        for (var i = 0; i < isChosen.Length; i++)
        {
            isChosen[i] = images.Labels[i] != target && random.NextDouble() < share;
        }

        int[] Where(bool chosen) => [.. Enumerable.Range(0, images.Count).Where(i => isChosen[i] == chosen)];
        var poisoned = images.Select(Where(chosen: true));
        return ImageSet.Concat(
            images.Select(Where(chosen: false)), Apply(poisoned, [.. Enumerable.Repeat(target, poisoned.Count)]));
    }

    /// <summary>The images of other classes than the target with the trigger, under the target's label.</summary>
    public ImageSet OnOthers(ImageSet images, int target)
    {
        var others = images.Select([.. Enumerable.Range(0, images.Count).Where(i => images.Labels[i] != target)]);
        return Apply(others, [.. Enumerable.Repeat(target, others.Count)]);
    }
}
