using MarginNet.Features;

namespace MarginNet.Tests.Features;

public sealed class MahalanobisScoreTests
{
    /// <summary>numpy 1.24.2: <c>mus=[z[i%3==c].mean(0) ...]; cov=sum((z[lab==c]-mus[c]).T@(z[lab==c]-mus[c]))/300;
    /// -min((x-m)@inv(cov)@(x-m) for m in mus)</c> with x = (0.5, −1, 2).</summary>
    [Fact]
    public void The_score_is_what_numpy_computes()
    {
        var fitted = MahalanobisScore.Fit(Drawn.Reference, Drawn.ReferenceLabels, 3);
        Assert.Equal(3, fitted.Rank);
        Assert.Equal(-8.742228809284477, fitted.Score([0.5, -1, 2]), 1e-9);
    }

    [Fact]
    public void Invertible_affine_maps_of_all_features_change_no_score()
    {
        var random = new Random(1);
        int[] labels = [.. Enumerable.Range(0, 80).Select(i => i % 4)];
        var (train, fresh) = (Drawn.Normals(random, 80, 5), Drawn.Normals(random, 30, 5));
        var map = new double[5, 5];
        for (var i = 0; i < 5; i++)
            for (var j = 0; j < 5; j++)
                map[i, j] = (i == j ? 3 : 0) + random.NextDouble(); // dominated by its diagonal
        double[] shift = [10, -20, 0, 5, 1];
        var (plain, other) = (MahalanobisScore.Fit(train, labels, 4), MahalanobisScore.Fit(train.Map(map, shift), labels, 4));
        var moved = fresh.Map(map, shift);
        for (var i = 0; i < fresh.Rows; i++)
            Assert.Equal(plain.Score(fresh.Row(i)), other.Score(moved.Row(i)), 1e-8);
    }

    [Fact]
    public void Class_means_have_the_largest_score_and_a_class_without_samples_has_no_say()
    {
        var train = Drawn.Normals(new Random(2), 60, 3);
        int[] labels = [.. Enumerable.Range(0, 60).Select(i => i % 2)];
        var fitted = MahalanobisScore.Fit(train, labels, 5);
        for (var c = 0; c < 2; c++)
            Assert.Equal(0, fitted.Score([.. Enumerable.Range(0, 3).Select(
                j => Enumerable.Range(0, 60).Where(i => labels[i] == c).Average(i => train.Row(i)[j]))]), 1e-12);
        Assert.True(fitted.Score([0, 0, 0]) < 0);
    }

    [Fact]
    public void Features_that_do_not_vary_or_that_others_determine_do_not_count()
    {
        var train = Drawn.Normals(new Random(3), 100, 3);
        int[] labels = [.. Enumerable.Range(0, 100).Select(i => i % 2)];
        // The features, a constant whose mean is rounded, and a sum.
        var map = new double[,] { { 1, 0, 0 }, { 0, 0, 0 }, { 0, 1, 0 }, { 1, 1, 0 }, { 0, 0, 1 } };
        double[] shift = [0, 0.3, 0, 0, 0];
        var (plain, wider) = (MahalanobisScore.Fit(train, labels, 2), MahalanobisScore.Fit(train.Map(map, shift), labels, 2));
        Assert.Equal(3, wider.Rank);
        var fresh = Drawn.Normals(new Random(4), 20, 3);
        for (var i = 0; i < fresh.Rows; i++)
            Assert.Equal(plain.Score(fresh.Row(i)), wider.Score(fresh.Map(map, shift).Row(i)), 1e-8);
    }

    [Fact]
    public void What_is_no_label_or_number_is_refused_with_its_place()
    {
        var train = Drawn.Normals(new Random(5), 4, 2);
        Assert.Contains("index 2 is 3", Assert.Throws<ArgumentException>(() => MahalanobisScore.Fit(train, [0, 1, 3, 0], 2)).Message);
        Assert.Contains("4 labels", Assert.Throws<ArgumentException>(() => MahalanobisScore.Fit(train, [0], 2)).Message);
        var bad = Drawn.Array(4, 2, (i, j) => i == 1 && j == 1 ? double.NaN : i);
        Assert.Contains("1 of sample 1 is NaN", Assert.Throws<ArgumentException>(() => MahalanobisScore.Fit(bad, [0, 1, 1, 0], 2)).Message);
    }
}
