using MarginNet.Arrays;
using MarginNet.Features;

namespace MarginNet.Tests.Features;

public sealed class FastDecisionBoundaryTests
{
    private const int Classes = 4;
    private const int Dimension = 6;

    [Fact]
    public void The_score_is_its_formula()
    {
        var w = new NumericArray(new double[] { 1, 0, 0, 2, -1, -1 }, 3, 2, IsVector: false);
        var features = new NumericArray(new double[] { 0, 0, 2, 4 }, 2, 2, IsVector: false); // of mean (1, 2)
        // f = (4, 2, −5) of (4, 1): leads 2 and 9 over ‖(1, −2)‖ and ‖(2, 1)‖, both √5, at distance ‖(3, −1)‖ = √10.
        var score = FastDecisionBoundary.Fit(w, features).Score([4, 1], [4, 2, -5]);
        Assert.Equal(((2 / Math.Sqrt(5)) + (9 / Math.Sqrt(5))) / 2 / Math.Sqrt(10), score, 1e-14);
    }

    [Fact]
    public void Turned_moved_and_scaled_features_of_the_same_logits_have_the_same_scores_and_so_have_scaled_logits()
    {
        var random = new Random(1);
        var (w, z) = (Drawn.Normals(random, Classes, Dimension), Drawn.Normals(random, 30, Dimension));
        var x = Drawn.Normals(random, 20, Dimension);
        double[] Logits(NumericArray weights, ReadOnlySpan<double> features, double[] bias)
        {
            var row = features.ToArray();
            return [.. Enumerable.Range(0, Classes).Select(c => bias[c] + weights.Row(c).ToArray().Zip(row, (a, b) => a * b).Sum())];
        }

        var (angle, scale) = (0.7, 3.5);
        double[] shift = [1, -2, 3, 0, 5, -1];
        var turn = new double[Dimension, Dimension];
        for (var j = 0; j < Dimension; j++)
            turn[j, j] = scale;
        (turn[0, 0], turn[0, 1], turn[1, 0], turn[1, 1]) =
            (scale * Math.Cos(angle), -scale * Math.Sin(angle), scale * Math.Sin(angle), scale * Math.Cos(angle));

        // With z' = sRz + t, w' = Rw/s gives the same logits after b' = b − w't.
        var turned = w.Map(turn, new double[Dimension]);
        turned = Drawn.Array(Classes, Dimension, (c, j) => turned.Row(c)[j] / (scale * scale));
        double[] bias = [.. Enumerable.Range(0, Classes).Select(c => -turned.Row(c).ToArray().Zip(shift, (a, b) => a * b).Sum())];
        var (plain, other) = (FastDecisionBoundary.Fit(w, z), FastDecisionBoundary.Fit(turned, z.Map(turn, shift)));
        var sharper = FastDecisionBoundary.Fit(Drawn.Array(Classes, Dimension, (c, j) => 7 * w.Row(c)[j]), z);
        var moved = x.Map(turn, shift);
        for (var i = 0; i < x.Rows; i++)
        {
            var logits = Logits(w, x.Row(i), new double[Classes]);
            var score = plain.Score(x.Row(i), logits);
            Assert.True(score >= 0);
            Assert.Equal(score, other.Score(moved.Row(i), Logits(turned, moved.Row(i), bias)), 1e-10);
            Assert.Equal(score, sharper.Score(x.Row(i), [.. logits.Select(f => 7 * f)]), 1e-10);
        }
    }

    [Fact]
    public void Of_two_classes_it_is_the_distance_to_their_boundary_over_that_to_the_mean()
    {
        var w = new NumericArray(new double[] { 3, 4, 0, 0 }, 2, 2, IsVector: false); // boundary 3x + 4y = 0
        var z = new NumericArray(new double[] { 0, 0 }, 1, 2, IsVector: false);
        var fitted = FastDecisionBoundary.Fit(w, z);
        Assert.Equal(1, fitted.Score([3, 4], [25, 0]), 1e-14);
        Assert.Equal(0, fitted.Score([4, -3], [0, 0]));
        Assert.Equal(double.PositiveInfinity, fitted.Score([0, 0], [1, 0]));
    }

    [Fact]
    public void Other_shapes_are_refused_by_name()
    {
        var random = new Random(2);
        var fitted = FastDecisionBoundary.Fit(Drawn.Normals(random, 3, 2), Drawn.Normals(random, 5, 2));
        Assert.Contains("2 features", Assert.Throws<ArgumentException>(() => fitted.Score([1, 2, 3], [1, 2, 3])).Message);
        Assert.Contains("3 classes", Assert.Throws<ArgumentException>(() => fitted.Score([1, 2], [1, 2])).Message);
        Assert.Contains("[3, 4]", Assert.Throws<ArgumentException>(
            () => FastDecisionBoundary.Fit(Drawn.Normals(random, 3, 4), Drawn.Normals(random, 5, 2))).Message);
    }
}
