using System.Collections.Immutable;

namespace MarginNet.Data;

/// <summary>
/// A drawn dataset of ten plane shapes on 32×32 RGB images, which needs no download: random colours, places, sizes, turns and
/// proportions, on shaded backgrounds, among small distractors, under strokes and noise. One image in eight is a blend with
/// another shape, so that no classifier is right about all.
/// </summary>
public static class SyntheticShapes
{
    private const double AmbiguousShare = 0.125;

    /// <summary>Gets the ten classes in the order of their labels.</summary>
    public static ImmutableArray<string> ClassNames { get; } =
        ["arrow", "crescent", "cross", "disc", "heart", "hexagon", "ring", "square", "star", "triangle"];

    /// <summary>Draws the dataset. Image i is of class i mod 10 and depends on the seed, its split and i alone,
    /// so a larger set begins with the smaller one.</summary>
    /// <param name="trainCount">The number of training images; default 10,000.</param>
    /// <param name="testCount">The number of test images, drawn from another stream; default 2,000.</param>
    /// <param name="seed">The same seed gives the same bytes on every platform; default 0.</param>
    /// <returns>The dataset, with images of 3×32×32.</returns>
    /// <exception cref="ArgumentOutOfRangeException">A count is negative.</exception>
    public static ImageDataset Create(int trainCount = 10_000, int testCount = 2_000, int seed = 0)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(trainCount);
        ArgumentOutOfRangeException.ThrowIfNegative(testCount);
        return new ImageDataset("synthetic", ClassNames, Draw(trainCount, seed, split: 0), Draw(testCount, seed, split: 1));
    }

    private static ImageSet Draw(int count, int seed, int split)
    {
        var images = new ReadOnlyMemory<byte>[count];
        var labels = new int[count];
        _ = Parallel.For(0, count, () => new ShapeCanvas(), (i, _, canvas) =>
        {
            labels[i] = i % ClassNames.Length;
            images[i] = Paint(canvas, labels[i], new SplitMix64(seed, split, i));
            return canvas;
        }, _ => { });
        return new ImageSet(images, labels, 3, ShapeCanvas.Side, ShapeCanvas.Side);
    }

    private static byte[] Paint(ShapeCanvas canvas, int label, SplitMix64 random)
    {
        var ground = Colour(0, 150, ref random);
        canvas.Fill(ground, Near(ground, 50, ref random), Direction(ref random));
        for (var k = random.Next(4); k > 0; k--)
        {
            canvas.DrawShape(
                (random.Next(10), random.Next(10), random.NextDouble()), Place(0, ref random), Direction(ref random), random.Next(1.5, 3.5),
                1, Colour(0, 255, ref random), 0.8);
        }

        var isAmbiguous = random.NextDouble() < AmbiguousShare;
        var blend = random.Next(0.3, 0.5);
        canvas.DrawShape(
            (label, random.Next(10), isAmbiguous ? blend : 0),
            Place(11, ref random),
            Upright(ref random),
            radius: random.Next(7, 12),
            stretch: random.Next(0.8, 1.25),
            Distinct(ground, ref random),
            opacity: random.Next(0.7, 1));
        for (var k = random.Next(3); k > 0; k--)
        {
            canvas.DrawStroke(
                Place(0, ref random), Direction(ref random), random.Next(2, 10), random.Next(0.3, 1), Colour(0, 255, ref random));
        }

        return canvas.ToBytes(noise: random.Next(4, 30), ref random);
    }

    private static (double X, double Y) Place(double border, ref SplitMix64 random) =>
        (random.Next(border, ShapeCanvas.Side - border), random.Next(border, ShapeCanvas.Side - border));

    /// <summary>A uniform unit vector, by rejection: sines and cosines are not the same on every platform.</summary>
    private static (double X, double Y) Direction(ref SplitMix64 random)
    {
        while (true)
        {
            var (x, y) = (random.Next(-1, 1), random.Next(-1, 1));
            var square = (x * x) + (y * y);
            if (square is > 0.01 and <= 1)
            {
                var length = Math.Sqrt(square);
                return (x / length, y / length);
            }
        }
    }

    /// <summary>A unit vector within 27 degrees of the horizontal.</summary>
    private static (double X, double Y) Upright(ref SplitMix64 random)
    {
        var slope = random.Next(-0.5, 0.5);
        var length = Math.Sqrt(1 + (slope * slope));
        return (1 / length, slope / length);
    }

    private static (double R, double G, double B) Colour(double low, double high, ref SplitMix64 random) =>
        (random.Next(low, high), random.Next(low, high), random.Next(low, high));

    private static (double R, double G, double B) Near((double R, double G, double B) colour, double spread, ref SplitMix64 random) =>
        (colour.R + random.Next(-spread, spread), colour.G + random.Next(-spread, spread), colour.B + random.Next(-spread, spread));

    /// <summary>A colour that can be told from <paramref name="ground"/>, sometimes barely.</summary>
    private static (double R, double G, double B) Distinct((double R, double G, double B) ground, ref SplitMix64 random)
    {
        while (true)
        {
            var colour = Colour(80, 255, ref random);
            if (Math.Abs(colour.R - ground.R) + Math.Abs(colour.G - ground.G) + Math.Abs(colour.B - ground.B) > 120)
            {
                return colour;
            }
        }
    }
}
