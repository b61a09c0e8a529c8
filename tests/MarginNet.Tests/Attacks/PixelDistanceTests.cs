using MarginNet.Attacks;

namespace MarginNet.Tests.Attacks;

public sealed class PixelDistanceTests
{
    [Theory]
    [InlineData(AttackNorm.Linf, 3 * 32 * 32, 0.3, 1)] // The largest in use, on MNIST; the least step of a byte.
    [InlineData(AttackNorm.L2, 3 * 32 * 32, 2, 8)]
    [InlineData(AttackNorm.L2, 28 * 28, 1.5, 8)]
    [InlineData(AttackNorm.L2, 3 * 224 * 224, 5, 8)]
    [InlineData(AttackNorm.L2, 3 * 4 * 4, 1, 8)]
    public void Distances_in_use_are_not_suspect_and_steps_of_a_byte_are(AttackNorm norm, int pixels, double inUse, double inBytes)
    {
        var suspect = PixelDistance.SuspectFrom(norm, pixels);
        Assert.True(inUse < suspect);
        Assert.True(inBytes >= suspect);
    }
}
