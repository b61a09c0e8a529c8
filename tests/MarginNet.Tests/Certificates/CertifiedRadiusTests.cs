using MarginNet.Certificates;
using MarginNet.Lipschitz;
using MarginNet.Margins;
using MarginNet.Tests.Lipschitz;
using TorchSharp;
using static TorchSharp.torch;

namespace MarginNet.Tests.Certificates;

public sealed class CertifiedRadiusTests
{
    [Fact]
    public void The_largest_of_the_three_radii_is_reported_with_its_source()
    {
        using var scope = NewDisposeScope();
        manual_seed(61);
        for (var trial = 0; trial < 50; trial++)
        {
            var network = RandomNetworks.Dense(6, 5, 4);
            network.to(ScalarType.Float64); // Whose rounding is next to nothing.
            var bounds = LipschitzBounds.Compute(network, new(6));
            var scores = randn(4, dtype: ScalarType.Float64).data<double>().ToArray();
            var radius = CertifiedRadius.Compute(scores, new double[6], bounds);
            var (decided, margin) = DecisionMargin.Compute(scores);
            var expected = new Dictionary<CertificateSource, double>
            {
                [CertificateSource.Scores] = margin / (2 * bounds.Scores.Value),
                [CertificateSource.Euclidean] = margin / (Math.Sqrt(2) * bounds.Euclidean.Value),
                [CertificateSource.Pairwise] = Enumerable.Range(0, 4)
                    .Where(i => i != decided)
                    .Min(i => (scores[decided] - scores[i]) / bounds.Pair(decided, i).Value),
            };
            Assert.Equal(decided, radius.PredictedClass);
            Assert.Equal(expected.Values.Max(), radius.Radius, 1e-12);
            Assert.Equal(expected[radius.Source], radius.Radius, 1e-12);
            Assert.True(radius.Radius < expected[CertificateSource.Pairwise]); // Strictly: it is rounded down.
        }
    }

    [Fact]
    public void No_input_inside_the_ball_is_decided_otherwise_not_even_on_the_line_to_the_boundary()
    {
        using var scope = NewDisposeScope();
        using var inference = no_grad();
        manual_seed(62);
        for (var trial = 0; trial < 40; trial++)
        {
            var (network, input) = RandomNetworks.Create(trial);
            var bounds = LipschitzBounds.Compute(network, input);
            var x = randn(1, 2, 7, 6, dtype: ScalarType.Float64);
            var radius = CertifiedRadius.Compute(network.forward(x).data<double>().ToArray(), x.data<double>().ToArray(), bounds);
            if (radius.Source == CertificateSource.None)
            {
                continue; // A rectified network may give two scores of 0.
            }

            var direction = randn(300, 2, 7, 6, dtype: ScalarType.Float64);
            var inside = x
                + (direction * (radius.Radius * (1 - 1e-9)) / direction.flatten(1).square().sum([1]).sqrt().reshape(-1, 1, 1, 1));
            Assert.True(network.forward(inside).argmax(1).eq(radius.PredictedClass).all().item<bool>());
        }
    }

    [Fact]
    public void For_a_linear_classifier_the_pairwise_radius_is_the_distance_to_the_boundary()
    {
        using var scope = NewDisposeScope();
        using var inference = no_grad();
        manual_seed(63);
        var linear = nn.Linear(5, 3, dtype: ScalarType.Float64);
        var bounds = LipschitzBounds.Compute(nn.Sequential(linear), new(5));
        var x = randn(1, 5, dtype: ScalarType.Float64);
        var scores = linear.forward(x).data<double>().ToArray();
        var radius = CertifiedRadius.Compute(scores, x.data<double>().ToArray(), bounds);
        Assert.Equal(CertificateSource.Pairwise, radius.Source);
        var nearest = Enumerable.Range(0, 3).Where(i => i != radius.PredictedClass)
            .MinBy(i => (scores[radius.PredictedClass] - scores[i])
                / (linear.weight![radius.PredictedClass] - linear.weight![i]).norm().item<double>());
        var across = linear.weight![nearest] - linear.weight![radius.PredictedClass];
        Assert.Equal(radius.PredictedClass, linear.forward(x + (across / across.norm() * radius.Radius)).argmax(1).item<long>());
        Assert.Equal(nearest, linear.forward(x + (across / across.norm() * radius.Radius * (1 + 1e-5))).argmax(1).item<long>());
    }

    [Fact]
    public void Ties_certify_nothing()
    {
        using var scope = NewDisposeScope();
        var bounds = LipschitzBounds.Compute(RandomNetworks.Dense(4, 3), new(4));
        Assert.Equal(new CertifiedRadius(0, 0, CertificateSource.None), CertifiedRadius.Compute([2.0, 2, 1], new double[4], bounds));
        Assert.Equal(new CertifiedRadius(1, 0, CertificateSource.None), CertifiedRadius.Compute([1f, 2, 2], new float[4], bounds));
        Assert.Equal(new CertifiedRadius(0, 0, CertificateSource.None), CertifiedRadius.Compute([0f, 0, 0], new float[4], bounds));
        Assert.Equal(CertificateSource.Pairwise, CertifiedRadius.Compute([0f, 0, 1], new float[4], bounds).Source);
    }

    [Fact]
    public void An_infinite_bound_certifies_nothing_and_a_constant_network_everything()
    {
        using var scope = NewDisposeScope();
        var linear = nn.Linear(4, 3, dtype: ScalarType.Float64);
        using (no_grad())
        {
            linear.weight!.fill_(0);
            Assert.True(
                CertifiedRadius.Compute([1.0, 0, 0], new double[4], LipschitzBounds.Compute(nn.Sequential(linear), new(4))).Radius > 1e290);
            linear.weight!.fill_(1e300);
        }

        var chain = nn.Sequential(
            linear, nn.ReLU(), nn.Linear(3, 3, dtype: ScalarType.Float64), nn.ReLU(), nn.Linear(3, 2, dtype: ScalarType.Float64));
        var radius = CertifiedRadius.Compute([1.0, 0], new double[4], LipschitzBounds.Compute(chain, new(4)));
        Assert.InRange(radius.Radius, 0, 1e-290);
    }

    [Fact]
    public void Scores_that_do_not_fit_are_refused()
    {
        using var scope = NewDisposeScope();
        var bounds = LipschitzBounds.Compute(RandomNetworks.Dense(4, 3), new(4));
        Assert.Throws<ArgumentException>(() => CertifiedRadius.Compute([1.0, 2], new double[4], bounds));
        Assert.Throws<ArgumentException>(() => CertifiedRadius.Compute([1.0, 2, double.NaN], new double[4], bounds));
        Assert.Throws<ArgumentException>(() => CertifiedRadius.Compute([1f, 2, float.PositiveInfinity], new float[4], bounds));
        Assert.Throws<ArgumentException>(() => CertifiedRadius.Compute([1f, 2, 3], new float[5], bounds));
        Assert.Throws<ArgumentException>(() => CertifiedRadius.Compute([1f, 2, 3], [0, 0, 0, float.NaN], bounds));
        Assert.Throws<ArgumentException>(() => CertifiedRadius.Compute(
            new ScoreMatrix([1f, 2, 3], 3), MarginNet.Data.ImageSet.Create(new byte[8], [0, 0], 1, 2, 2), bounds));
    }

    [Fact]
    public void Certified_accuracy_counts_right_decisions_with_a_larger_radius()
    {
        CertifiedRadius[] radii =
        [
            new(0, 0.5, CertificateSource.Pairwise),
            new(1, 0.25, CertificateSource.Scores),
            new(1, 0, CertificateSource.None),
            new(2, 9, CertificateSource.Pairwise),
        ];
        int[] labels = [0, 1, 1, 0];
        Assert.Equal(2, CertifiedAccuracy.Compute(radii, labels, 0).Count);
        Assert.Equal(2, CertifiedAccuracy.Compute(radii, labels, 0.2).Count);
        Assert.Equal(1, CertifiedAccuracy.Compute(radii, labels, 0.25).Count); // The ball is open.
        Assert.Equal(0, CertifiedAccuracy.Compute(radii, labels, 0.5).Count);
        Assert.Equal(4, CertifiedAccuracy.Compute(radii, labels, 1).Total);
        Assert.Throws<ArgumentException>(() => CertifiedAccuracy.Compute(radii, [0], 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => CertifiedAccuracy.Compute(radii, labels, double.NaN));
        Assert.Throws<ArgumentOutOfRangeException>(() => CertifiedAccuracy.Compute(radii, labels, -1));
    }
}
