using MarginNet.Certificates;

namespace MarginNet.Tests.Certificates;

public sealed class RadiusSearchTests
{
    private const double Precision = 0.01;

    [Theory]
    [InlineData(0.1)]
    [InlineData(1e-6)]
    [InlineData(30)]
    public void It_ends_at_the_largest_provable_radius_of_its_scale_wherever_it_begins(double guess)
    {
        foreach (var edge in (double[])[1e-7, 1e-6, 3.3e-6, 0.01, 0.1, 0.7, 20, 29.9, 1e3])
        {
            var (found, count) = Run(new(Precision, 30, 0, double.PositiveInfinity, guess), edge);
            Assert.InRange(found, edge < 1e-6 ? 0 : Math.Min(edge, 30) / (1 + Precision), edge < 1e-6 ? 0 : Math.Min(edge, 30));
            Assert.InRange(count, 1, 30);
        }
    }

    [Fact]
    public void What_is_known_is_not_asked_again_and_changes_nothing()
    {
        foreach (var edge in (double[])[0.03, 0.1, 0.55])
        {
            var whole = Run(new(Precision, 30, 0, double.PositiveInfinity, 0.1), edge).Found;
            foreach (var share in (double[])[0.2, 0.97, 1])
            {
                var search = new RadiusSearch(Precision, 30, share * edge, 2 * edge, 5);
                Assert.True(search.IsOver || search.Next > share * edge);
                Assert.True(search.IsOver || search.Next < 2 * edge);
                Assert.True(Run(search, edge).Found == whole || share * edge >= whole);
            }
        }
    }

    [Fact]
    public void Where_everything_is_known_nothing_is_left_to_try()
    {
        Assert.True(new RadiusSearch(Precision, 1, 1, double.PositiveInfinity, 0.1).IsOver);
        Assert.True(new RadiusSearch(Precision, 1, 0.5, 0.5001, 0.1).IsOver);
        Assert.True(new RadiusSearch(Precision, 1, 0, 1e-9, 0.1).IsOver);
    }

    [Fact]
    public void It_ends_where_proofs_are_not_monotone()
    {
        var random = new Random(5);
        for (var trial = 0; trial < 200; trial++)
        {
            var search = new RadiusSearch(Precision, 30, 0, double.PositiveInfinity, 0.1);
            for (var i = 0; !search.IsOver; i++)
            {
                Assert.True(i < 60);
                Assert.InRange(search.Next, RadiusSearch.Least, 30);
                search.Tell(random.Next(2) == 0);
            }
        }
    }

    private static (double Found, int Count) Run(RadiusSearch search, double edge)
    {
        var (found, count) = (0.0, 0);
        for (; !search.IsOver; count++)
        {
            var radius = search.Next;
            found = radius <= edge ? Math.Max(found, radius) : found;
            search.Tell(radius <= edge);
        }

        return (found, count);
    }
}
