using System.Security.Cryptography;
using MarginNet.Data;

namespace MarginNet.Tests.Data;

public sealed class SyntheticShapesTests
{
    [Fact]
    public void Classes_come_in_turn_and_images_are_of_CIFAR_size()
    {
        var dataset = SyntheticShapes.Create(25, 15);
        Assert.Equal(Enumerable.Range(0, 25).Select(i => i % 10), dataset.Train.Labels.ToArray());
        Assert.Equal(
            (25, 15, 3, 32, 32),
            (dataset.Train.Count, dataset.Test.Count, dataset.Train.Channels, dataset.Train.Height, dataset.Train.Width));
        Assert.Equal(10, dataset.ClassNames.Length);
    }

    [Fact]
    public void A_larger_set_begins_with_the_smaller_one()
    {
        var (small, large) = (SyntheticShapes.Create(20, 0).Train, SyntheticShapes.Create(200, 0).Train);
        Assert.All(Enumerable.Range(0, 20), i => Assert.Equal(small.Pixels(i), large.Pixels(i)));
    }

    [Fact]
    public void No_image_is_drawn_twice_in_training_test_or_under_another_seed()
    {
        var sets = new[] { SyntheticShapes.Create(300, 300, 0), SyntheticShapes.Create(300, 300, 1) }.SelectMany(
            d => new[] { d.Train, d.Test });
        var hashes =
            sets.SelectMany(set => Enumerable.Range(0, set.Count).Select(i => Convert.ToHexString(SHA256.HashData(set.Pixels(i)))));
        Assert.Equal(1200, hashes.Distinct().Count());
    }

    /// <summary>Results on this dataset are comparable only while it stays the same.
    /// First half of the checksum of this implementation's bytes, recorded once.</summary>
    [Fact]
    public void The_bytes_never_change_between_versions_or_platforms()
    {
        var images = SyntheticShapes.Create(200, 0, seed: 42).Train;
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        for (var i = 0; i < images.Count; i++)
        {
            hash.AppendData(images.Pixels(i));
        }

        Assert.Equal("780799a89a6b8d9f1cef81cbdd95cb0b", Convert.ToHexStringLower(hash.GetHashAndReset())[..32]);
    }

    /// <summary>The shapes can be told apart, but not by a simple rule:
    /// the nearest class mean is better than chance and far from perfect.</summary>
    [Fact]
    public void The_nearest_class_mean_is_better_than_chance_and_far_from_right()
    {
        var dataset = SyntheticShapes.Create(2000, 500);
        var means = new double[10, 3072];
        for (var i = 0; i < 2000; i++)
        {
            var pixels = dataset.Train.Pixels(i);
            for (var k = 0; k < pixels.Length; k++)
            {
                means[i % 10, k] += pixels[k] / 200.0;
            }
        }

        var right = Enumerable.Range(0, 500).Count(i => Nearest(means, dataset.Test.Pixels(i)) == i % 10);
        Assert.InRange(right, 75, 300);
    }

    [Fact]
    public void Negative_counts_are_refused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => SyntheticShapes.Create(-1, 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => SyntheticShapes.Create(1, -1));
    }

    private static int Nearest(double[,] means, ReadOnlySpan<byte> pixels)
    {
        var (best, arg) = (double.PositiveInfinity, -1);
        for (var c = 0; c < 10; c++)
        {
            var distance = 0.0;
            for (var k = 0; k < pixels.Length; k++)
            {
                distance += (pixels[k] - means[c, k]) * (pixels[k] - means[c, k]);
            }

            (best, arg) = distance < best ? (distance, c) : (best, arg);
        }

        return arg;
    }
}
