using MarginNet.Arrays;
using MarginNet.Features;

namespace MarginNet.Tests.Features;

public sealed class NearestNeighborsTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(60)]
    public void The_score_is_minus_the_kth_distance_by_brute_force(int k)
    {
        var random = new Random(k);
        var (train, fresh) = (Drawn.Normals(random, 60, 5), Drawn.Normals(random, 25, 5));
        var scores = NearestNeighbors.Fit(train, k).Score(fresh);
        for (var i = 0; i < fresh.Rows; i++)
        {
            var unit = Unit(fresh.Row(i));
            var expected = Enumerable.Range(0, train.Rows)
                .Select(n => Math.Sqrt(Unit(train.Row(n)).Zip(unit, (a, b) => (a - b) * (a - b)).Sum()))
                .Order().ElementAt(k - 1);
            Assert.Equal(-expected, scores[i], 1e-12);
            Assert.Equal(scores[i], NearestNeighbors.Fit(train, k).Score(fresh.Row(i)));
        }
    }

    [Fact]
    public void The_length_of_features_does_not_count()
    {
        var random = new Random(3);
        var (train, fresh) = (Drawn.Normals(random, 40, 4), Drawn.Normals(random, 10, 4));
        var scaled = Drawn.Array(40, 4, (i, j) => Math.Pow(10, i - 20) * train.Row(i)[j]);
        var (plain, other) = (NearestNeighbors.Fit(train, 3).Score(fresh), NearestNeighbors.Fit(scaled, 3).Score(fresh));
        for (var i = 0; i < plain.Length; i++)
            Assert.Equal(plain[i], other[i], 1e-12);
    }

    [Fact]
    public void A_training_sample_is_its_own_nearest_neighbour_and_nothing_has_no_direction()
    {
        var train = new NumericArray(new double[] { 3, 4, 0, 0 }, 2, 2, IsVector: false);
        Assert.Equal(0, NearestNeighbors.Fit(train, 1).Score([6, 8]), 1e-15);
        Assert.Equal(0, NearestNeighbors.Fit(train, 1).Score([0, 0]));
        Assert.Equal(-1, NearestNeighbors.Fit(train, 2).Score([0, 0]), 1e-15);
    }

    [Fact]
    public void A_neighbour_that_there_is_not_is_refused() => Assert.Contains(
        "[1, 40]", Assert.Throws<ArgumentOutOfRangeException>(() => NearestNeighbors.Fit(Drawn.Normals(new Random(4), 40, 2))).Message);

    private static double[] Unit(ReadOnlySpan<double> row)
    {
        var values = row.ToArray();
        var norm = Math.Sqrt(values.Sum(value => value * value));
        return [.. values.Select(value => value / norm)];
    }
}
