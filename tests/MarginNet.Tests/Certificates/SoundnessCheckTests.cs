using MarginNet.Attacks;
using MarginNet.Certificates;
using MarginNet.Data;
using MarginNet.Lipschitz;
using MarginNet.Models;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace MarginNet.Tests.Certificates;

public sealed class SoundnessCheckTests
{
    private static readonly double[] Distances = [0.5, 0.1, 0.02, 1, 0.25];
    private readonly ImageSet _images = SyntheticShapes.Create(0, 60).Test;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Clean_accuracy_is_no_less_than_that_under_attack_which_is_no_less_than_certified(int seed)
    {
        using var network = Network(seed);
        var (radii, bounds) = Certify(network);
        // A quarter are wrong.
        int[] labels = [.. radii.Select((radius, i) => i % 4 == 0 ? (radius.PredictedClass + 1) % 10 : radius.PredictedClass)];
        var images = Relabel(labels);
        var attacked = AttackedDistance.Compute(network, images, Distances);
        var between = 0;
        var last = AttackedDistance.Accuracy(attacked, 0).Count;
        Assert.Equal(45, last);
        foreach (var epsilon in Distances.Order())
        {
            var (pgd, certified) =
                (AttackedDistance.Accuracy(attacked, epsilon).Count, CertifiedAccuracy.Compute(radii, labels, epsilon).Count);
            Assert.True(last >= pgd && pgd >= certified);
            between += pgd > certified ? 1 : 0;
            last = pgd;
        }

        Assert.True(between > 0); // The network is not linear, so the bounds leave room.
        Assert.All(attacked.Zip(radii), pair => Assert.True(pair.First == 0 || pair.First > 0.999 * pair.Second.Radius));
        Assert.True(attacked.Count(distance => distance > 0 && double.IsFinite(distance)) > 5);
        Assert.Empty(SoundnessCheck.Run(network, images, radii));
        Assert.True(bounds.Scores.Value < 1e6);
    }

    [Fact]
    public void Radii_that_are_too_large_are_found_out()
    {
        using var network = Network(4, hidden: 0); // Linear: its radii are the distances to the boundary.
        var (radii, _) = Certify(network);
        Assert.Empty(SoundnessCheck.Run(network, _images, radii));
        CertifiedRadius[] wrong =
            [.. radii.Select((radius, i) => i % 2 == 0 ? radius with { Radius = 1.05 * radius.RadiusBeforeRounding } : radius)];
        var violations = SoundnessCheck.Run(network, _images, wrong);
        Assert.Equal(Enumerable.Range(0, 30).Select(i => 2 * i), violations.Select(violation => violation.Index));
        Assert.All(violations, violation =>
        {
            Assert.InRange(violation.Distance, radii[violation.Index].Radius * 0.999, wrong[violation.Index].Radius);
            Assert.Equal(radii[violation.Index].PredictedClass, violation.PredictedClass);
            Assert.NotEqual(violation.PredictedClass, violation.AttackedClass);
        });
    }

    [Fact]
    public void A_certificate_for_another_class_is_found_out_however_small_it_is()
    {
        using var network = Network(5);
        var (radii, _) = Certify(network);
        radii[7] = radii[7] with { PredictedClass = (radii[7].PredictedClass + 1) % 10, Radius = 1e-3 };
        Assert.Equal([7], SoundnessCheck.Run(network, _images, radii).Select(violation => violation.Index));
    }

    [Fact]
    public void Without_a_certificate_there_is_nothing_to_check()
    {
        using var network = Network(6);
        Assert.Empty(SoundnessCheck.Run(network, _images, new CertifiedRadius[60]));
        Assert.Throws<ArgumentException>(() => SoundnessCheck.Run(network, _images, new CertifiedRadius[59]));
        CertifiedRadius[] all = [.. Certify(network).Radii.Select(radius => radius with { Radius = 1e300 })];
        Assert.NotEmpty(SoundnessCheck.Run(network, _images, all)); // As of a constant network, whose radii float32 does not hold.
    }

    [Fact]
    public void Balls_of_their_own_bound_the_changes_of_their_images()
    {
        using var network = Network(7);
        double[] epsilons = [.. Enumerable.Range(0, 60).Select(i => i * 0.01)];
        foreach (var method in Enum.GetValues<AttackMethod>())
        {
            foreach (var norm in Enum.GetValues<AttackNorm>())
            {
                var options = new AttackOptions
                {
                    Method = method,
                    Norm = norm,
                    Clip = false,
                    Objective = AttackObjective.LogitDifference,
                    Restarts = 2,
                    Steps = 3,
                    BatchSize = 7,
                };
                var changed = Attack.RunWithin(network, _images, epsilons, options).Images;
                var single = Attack.Run(network, _images, options with { Epsilon = 0.3 }).Images;
                for (var i = 0; i < 60; i++)
                {
                    double[] change =
                        [.. changed[i].ToArray().Zip(_images.Pixels(i).ToArray(), (after, before) => Math.Abs(after - (before / 255.0)))];
                    var size = norm switch
                    {
                        AttackNorm.Linf => change.Max(),
                        AttackNorm.L1 => change.Sum(),
                        _ => Math.Sqrt(change.Sum(value => value * value)),
                    };
                    // As 3,072 roundings add up.
                    Assert.InRange(size, 0.5 * epsilons[i], epsilons[i] + (norm == AttackNorm.L1 ? 1e-4 : 1e-5));
                }

                Assert.All(changed[30].ToArray().Zip(single[30].ToArray()), pair => Assert.Equal(pair.First, pair.Second, 1e-5f));
            }
        }

        Assert.Throws<ArgumentException>(() => Attack.RunWithin(network, _images, [0.1]));
        Assert.Throws<ArgumentException>(() => Attack.RunWithin(network, _images, [.. epsilons.Select(epsilon => -epsilon)]));
        Assert.Throws<ArgumentOutOfRangeException>(() => AttackedDistance.Compute(network, _images, [-0.1]));
    }

    private (CertifiedRadius[] Radii, LipschitzBounds Bounds) Certify(Sequential network)
    {
        var bounds = LipschitzBounds.Compute(network, new(_images.Channels, _images.Height, _images.Width));
        return (CertifiedRadius.Compute(network.Score(_images), _images, bounds), bounds);
    }

    private ImageSet Relabel(int[] labels)
    {
        byte[] pixels = [.. Enumerable.Range(0, _images.Count).SelectMany(i => _images.Pixels(i).ToArray())];
        return ImageSet.Create(pixels, labels, _images.Channels, _images.Height, _images.Width);
    }

    /// <summary>A small dense network of ten classes.</summary>
    private static Sequential Network(int seed, int hidden = 16)
    {
        manual_seed(seed);
        var network = hidden == 0
            ? nn.Sequential(nn.Flatten(), nn.Linear(3072, 10))
            : nn.Sequential(nn.Flatten(), nn.Linear(3072, hidden), nn.ReLU(), nn.Linear(hidden, 10));
        network.eval();
        return network;
    }
}
