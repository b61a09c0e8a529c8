using MarginNet.Data;

namespace MarginNet.Tests.Data;

public sealed class ShapeOutlineTests
{
    [Fact]
    public void Distances_to_simple_shapes_are_those_of_geometry()
    {
        const int Disc = 3, Ring = 6, Square = 7;
        Assert.Equal(-0.9, ShapeOutline.Distance(Disc, 0, 0), 12);
        Assert.Equal(0.48, ShapeOutline.Distance(Ring, 0, 0), 12);
        Assert.Equal(-0.24, ShapeOutline.Distance(Ring, 0, 0.72), 12);
        Assert.Equal(-0.8, ShapeOutline.Distance(Square, 0, 0), 12);
        Assert.Equal(Math.Sqrt(2) * 0.2, ShapeOutline.Distance(Square, 1, 1), 12);
        Assert.Equal(0.5, ShapeOutline.Stroke(3.5, 0, 1, 0, 3), 12);
        Assert.Equal(2, ShapeOutline.Stroke(1, -2, 1, 0, 3), 12);
    }

    [Fact]
    public void No_distance_grows_faster_than_the_way_there()
    {
        var random = new Random(1);
        for (var i = 0; i < 10_000; i++)
        {
            var (label, x, y, dx, dy) = (i % 10, Spread(random), Spread(random), Spread(random) / 10, Spread(random) / 10);
            var change = Math.Abs(ShapeOutline.Distance(label, x + dx, y + dy) - ShapeOutline.Distance(label, x, y));
            Assert.True(change <= Math.Sqrt((dx * dx) + (dy * dy)) + 1e-12, $"shape {label} at {x}, {y}");
        }
    }

    private static double Spread(Random random) => (random.NextDouble() * 4) - 2;
}
