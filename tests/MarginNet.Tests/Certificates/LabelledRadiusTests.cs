using MarginNet.Certificates;
using MarginNet.Lipschitz;
using MarginNet.Margins;
using MarginNet.Tests.Lipschitz;
using static TorchSharp.torch;

namespace MarginNet.Tests.Certificates;

public sealed class LabelledRadiusTests
{
    [Fact]
    public void It_is_the_pairwise_radius_where_the_decision_is_right_and_not_above_zero_elsewhere()
    {
        using var scope = NewDisposeScope();
        manual_seed(71);
        var bounds = LipschitzBounds.Compute(RandomNetworks.Dense(6, 5, 4), new(6));
        var scores = ScoreMatrix.FromTensor(randn(200, 4));
        var labels = Enumerable.Range(0, 200).Select(i => i % 4).ToArray();
        var radii = LabelledRadius.Compute(scores, labels, bounds);
        for (var i = 0; i < radii.Length; i++)
        {
            var certified = CertifiedRadius.Compute(scores[i], new float[6], bounds);
            if (certified.PredictedClass == labels[i])
            {
                Assert.Equal(certified.RadiusBeforeRounding, radii[i], 1e-14);
                Assert.True(certified.Radius < radii[i]); // It leaves out rounding.
            }
            else
            {
                Assert.True(radii[i] < 0);
            }
        }
    }

    [Fact]
    public void A_tie_has_radius_zero()
    {
        using var scope = NewDisposeScope();
        var bounds = LipschitzBounds.Compute(RandomNetworks.Dense(6, 5, 3), new(6));
        Assert.Equal([0.0], LabelledRadius.Compute(new([2, 2, 1], 3), [1], bounds));
    }

    [Fact]
    public void Labels_and_classes_that_do_not_fit_are_refused()
    {
        using var scope = NewDisposeScope();
        var bounds = LipschitzBounds.Compute(RandomNetworks.Dense(6, 5, 3), new(6));
        Assert.Throws<ArgumentException>(() => LabelledRadius.Compute(new([2, 2, 1], 3), [1, 0], bounds));
        Assert.Throws<ArgumentException>(() => LabelledRadius.Compute(new([2, 2], 2), [1], bounds));
    }
}
