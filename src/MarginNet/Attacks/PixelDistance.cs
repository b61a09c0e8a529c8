namespace MarginNet.Attacks;

/// <summary>Distances between images with pixels in [0, 1], and those that another unit was probably meant for.</summary>
public static class PixelDistance
{
    private const double LargeShare = 1.0 / 8;
    private const double LeastLarge = 2; // Radii of 1 are usual on images of any size.
    private const double MostLarge = 8;

    /// <summary>The least distance that is suspect: 1 in ℓ∞, which leads from any image to any other;
    /// in ℓ2 that of a change of every pixel by 1/8, but 2 to 8; in ℓ1 that of such a change, but at least 2.</summary>
    /// <param name="norm">How distances are measured.</param>
    /// <param name="pixelCount">Numbers in an image, C·H·W.</param>
    /// <returns>The distance: attacks and radii in use are smaller, and so 8 for 8/255 is not.</returns>
    public static double SuspectFrom(AttackNorm norm, long pixelCount) =>
        norm switch
        {
            AttackNorm.Linf => 1,
            AttackNorm.L1 => Math.Max(LargeShare * pixelCount, LeastLarge),
            _ => Math.Clamp(LargeShare * Math.Sqrt(pixelCount), LeastLarge, MostLarge),
        };
}
