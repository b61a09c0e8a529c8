using MarginNet.Attacks;
using MarginNet.Certificates;
using MarginNet.Data;
using MarginNet.Lipschitz;
using MarginNet.Models;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace MarginNet.Tests.Certificates;

public sealed class LocalCertificatesTests
{
    private const double Step = 1.0101; // Of the radii that are tried.
    private const double Coarse = 1.05; // The same where many are.

    private static readonly ImageSet Images = Stripes(40, seed: 1);

    private static readonly Lazy<Sequential> Shared = new(() => Trained(seed: 3));

    [Theory]
    [InlineData(AttackNorm.Linf, true)]
    [InlineData(AttackNorm.Linf, false)]
    [InlineData(AttackNorm.L2, true)]
    [InlineData(AttackNorm.L2, false)]
    [InlineData(AttackNorm.L1, true)]
    [InlineData(AttackNorm.L1, false)]
    public void No_attack_inside_a_certified_ball_changes_the_decision(AttackNorm norm, bool isCut)
    {
        var network = Shared.Value;
        var options = new CertificateOptions { Norm = norm, IsCut = isCut };
        CertificateMethod[] methods = [CertificateMethod.Interval, CertificateMethod.FastLip, CertificateMethod.AlphaCrown];
        foreach (var method in methods)
        {
            var radii = LocalCertificates.Compute(network, Images, options with { Method = method });
            Assert.True(radii.Count(radius => radius.Radius > 0) > 30);
            Assert.All(radii, radius => Assert.True(
                radius.Norm == norm && radius.Seconds > 0 && (radius.Radius == 0 || radius.IsCut == isCut)));
            Assert.Empty(SoundnessCheck.Run(network, Images, radii, SoundnessCheck.DefaultAttack with { Steps = 30, Restarts = 2 }));
        }
    }

    [Fact]
    public void At_the_corners_of_a_certified_box_the_decision_is_the_same()
    {
        using var scope = NewDisposeScope();
        using var inference = no_grad();
        var network = Shared.Value;
        var radii = LocalCertificates.Compute(network, Images, new() { Norm = AttackNorm.Linf, Method = CertificateMethod.AlphaCrown });
        manual_seed(8);
        for (var i = 0; i < Images.Count; i++)
        {
            var x = Images.ToTensor([i]);
            var corners = (x + ((rand(500, 1, 4, 4) - 0.5).sign() * (radii[i].Radius * (1 - 1e-6)))).clamp(0, 1);
            Assert.True(network.forward(corners).argmax(1).eq(radii[i].PredictedClass).all().item<bool>());
        }
    }

    [Theory]
    [InlineData(AttackNorm.Linf)]
    [InlineData(AttackNorm.L2)]
    public void A_dearer_method_proves_no_less_and_the_best_of_all_no_less_than_any(AttackNorm norm)
    {
        var network = Shared.Value;
        var some = Images.Take(6);
        double[] Radii(CertificateMethod method) => [.. LocalCertificates.Compute(
            network, some, new() { Norm = norm, Method = method, Precision = Coarse - 1 }).Select(radius => radius.Radius)];

        var (interval, fast, crown, alpha) = (Radii(CertificateMethod.Interval), Radii(CertificateMethod.FastLin),
            Radii(CertificateMethod.Crown), Radii(CertificateMethod.AlphaCrown));
        var once = Radii(CertificateMethod.CrownIbp);
        var (complete, best) = (Radii(CertificateMethod.Complete), Radii(CertificateMethod.Best));
        Assert.All(crown.Zip(alpha), pair => Assert.True(pair.First <= pair.Second));
        Assert.All(alpha.Zip(complete), pair => Assert.True(pair.First <= pair.Second * Coarse * 1.001));
        Assert.All(interval.Zip(best), pair => Assert.True(pair.First <= pair.Second));
        Assert.All(fast.Zip(best), pair => Assert.True(pair.First <= pair.Second));
        Assert.All(complete.Zip(best), pair => Assert.True(pair.First <= pair.Second * Coarse * 1.001));
        Assert.All(once.Zip(best), pair => Assert.True(pair.First <= pair.Second));
        Assert.True(interval.Average() < crown.Average() && once.Average() < crown.Average() && once.All(radius => radius > 0));

        // Branch and bound leaves no gap: a little outside what it certifies the attack finds something.
        var outside = Attack.RunWithin(
            network, SoundnessCheck.Relabel(some, [.. Enumerable.Range(0, 6)], Decisions(network, some)),
            [.. complete.Select(radius => radius * 1.15)],
            SoundnessCheck.DefaultAttack with { Norm = norm, Steps = 100, Restarts = 5 }).AttackedScores;
        var broken = Enumerable.Range(0, 6).Count(i =>
            MarginNet.Margins.DecisionMargin.Compute(outside[i]).Class != Decisions(network, some)[i]);
        Assert.True(broken >= 4, $"{broken} of 6");
    }

    [Theory]
    [InlineData(CertificateMethod.FastLip)]
    [InlineData(CertificateMethod.Crown)]
    [InlineData(CertificateMethod.Best)]
    public void Asking_about_a_distance_and_looking_for_the_radius_agree(CertificateMethod method)
    {
        var network = Shared.Value;
        var some = Images.Take(6);
        var options = new CertificateOptions { Norm = AttackNorm.L2, Method = method, Precision = Coarse - 1 };
        double[] distances = [0.3, 0.05, 0.9];
        var radii = LocalCertificates.Compute(network, some, options, distances);
        foreach (var distance in distances)
        {
            double[] own = [.. Enumerable.Repeat(distance, 6)];
            own[3] = 0; // Not asked about.
            var proven = LocalCertificates.Prove(network, some, own, options);
            Assert.All(proven.Select((one, i) => (one, i)).Where(pair => pair.i != 3), pair =>
            {
                Assert.Equal(radii[pair.i].Holds(distance), pair.one.Holds(distance));
                Assert.Equal(pair.one.Holds(distance) ? distance : 0, pair.one.Radius);
            });
            Assert.Equal((0, CertificateSource.None), (proven[3].Radius, proven[3].Source));
        }

        Assert.True(radii.Any(radius => radius.Holds(0.05)) && !radii.All(radius => radius.Holds(0.9)));
    }

    [Fact]
    public void Batches_of_any_size_give_the_same()
    {
        var network = Shared.Value;
        var some = Images.Take(16);
        CertificateMethod[] methods =
            [CertificateMethod.CrownIbp, CertificateMethod.FastLin, CertificateMethod.FastLip, CertificateMethod.AlphaCrown];
        foreach (var method in methods)
        {
            var whole = LocalCertificates.Compute(network, some, new() { Method = method });
            foreach (var options in (CertificateOptions[])[new() { BatchSize = 1 }, new() { BatchSize = 7 }, new() { Memory = 1 }])
            {
                var parts = LocalCertificates.Compute(network, some, options with { Method = method });
                Assert.All(
                    whole.Zip(parts), pair => Assert.InRange(pair.Second.Radius, pair.First.Radius / Step, pair.First.Radius * Step));
            }
        }
    }

    /// <summary>With one pixel x all balls are intervals, and every method is exact: f₀ = x, f₁ = 1/4 tie at the distance
    /// x − 1/4.</summary>
    [Theory]
    [InlineData(AttackNorm.Linf)]
    [InlineData(AttackNorm.L2)]
    [InlineData(AttackNorm.L1)]
    public void In_one_dimension_the_radius_is_the_distance_to_the_tie(AttackNorm norm)
    {
        using var network = Line(weights: [1, 0], biases: [0, 0.25f]);
        var images = Pixels(204, 102, 51, 0);
        double[] distances = [0.55, 0.15, 0.05, 0.25];
        foreach (var method in Enum.GetValues<CertificateMethod>())
        {
            var radii = LocalCertificates.Compute(network, images, new() { Norm = norm, Method = method, IsCut = false });
            Assert.Equal([0, 0, 1, 1], radii.Select(radius => radius.PredictedClass));
            Assert.All(radii.Zip(distances), pair => Assert.InRange(pair.First.Radius, pair.Second / Step, pair.Second));
        }
    }

    /// <summary>f₀ = x + 1/5, f₁ = 0: the tie is at x = −1/5, which no image has.</summary>
    [Theory]
    [InlineData(AttackNorm.Linf)]
    [InlineData(AttackNorm.L2)]
    [InlineData(AttackNorm.L1)]
    public void Where_no_image_is_decided_otherwise_the_whole_box_is_certified(AttackNorm norm)
    {
        using var network = Line(weights: [1, 0], biases: [0.2f, 0]);
        var options = new CertificateOptions { Norm = norm, Method = CertificateMethod.Crown };
        var inside = LocalCertificates.Compute(network, Pixels(51), options)[0];
        var everywhere = LocalCertificates.Compute(network, Pixels(51), options with { IsCut = false })[0];
        Assert.InRange(inside.Radius, 1, 1 + 1e-9);
        Assert.InRange(everywhere.Radius, 0.4 / Step, 0.4);
        Assert.True(inside.IsCut && !everywhere.IsCut);
    }

    /// <summary>Where every gate is open in the ball, the network is affine there: the radius is the lead over each rival by the dual norm
    /// of the difference of their gradients, and no less than by constants of the whole network.</summary>
    [Theory]
    [InlineData(AttackNorm.Linf, 2.0)]
    [InlineData(AttackNorm.L2, 2.0)]
    [InlineData(AttackNorm.L1, 2.0)]
    [InlineData(AttackNorm.L2, null)]
    public void Where_the_network_is_affine_the_local_constant_gives_the_distance_to_the_tie(AttackNorm norm, double? bias)
    {
        using var scope = NewDisposeScope();
        using var inference = no_grad();
        manual_seed(31);
        var (hidden, last) = (nn.Linear(16, 8), nn.Linear(8, 3));
        var network = bias is null ? nn.Sequential(nn.Flatten(), hidden, last) : nn.Sequential(nn.Flatten(), hidden, nn.ReLU(), last);
        hidden.bias!.fill_(bias ?? 0);
        var gradients = last.weight!.mm(hidden.weight!).to(ScalarType.Float64);
        var options = new CertificateOptions { Norm = norm, Method = CertificateMethod.FastLip, IsCut = false };
        var images = Images.Take(10);
        var radii = LocalCertificates.Compute(network, images, options);
        var known = CertifiedRadius.Compute(network, images, LipschitzBounds.Compute(network, new(1, 4, 4)));
        for (var i = 0; i < images.Count; i++)
        {
            var scores = network.forward(images.ToTensor([i]))[0].to(ScalarType.Float64);
            var own = radii[i].PredictedClass;
            var expected = Enumerable.Range(0, 3).Where(rival => rival != own).Min(rival =>
            {
                var difference = gradients[own] - gradients[rival];
                var length = norm switch
                {
                    AttackNorm.Linf => difference.abs().sum(),
                    AttackNorm.L1 => difference.abs().max(),
                    _ => difference.norm(),
                };
                return ((scores[own] - scores[rival]) / length).item<double>();
            });
            Assert.InRange(radii[i].Radius, expected / Step * (1 - 1e-4), expected);
            Assert.True(norm != AttackNorm.L2 || radii[i].Radius * Step >= known[i].Radius);
        }
    }

    [Fact]
    public void Ties_certify_nothing()
    {
        using var network = Line(weights: [1, 1], biases: [0, 0]);
        var radius = LocalCertificates.Compute(network, Pixels(51, 204), new() { Method = CertificateMethod.Best });
        Assert.All(radius, one => Assert.Equal((0, 0.0, CertificateSource.None), (one.PredictedClass, one.Radius, one.Source)));
    }

    [Fact]
    public void Scores_that_float32_may_confuse_are_not_told_apart()
    {
        // 10⁷ + x is a whole number in float32: in exact arithmetic the decision would hold up to x = 1/2.
        using var network = nn.Sequential(nn.Flatten(), Line(1, 1, [1], [1e7f]), nn.ReLU(), Line(1, 2, [1, 0], [-1e7f, 0.5f]));
        foreach (var method in Enum.GetValues<CertificateMethod>())
        {
            Assert.Equal(0, LocalCertificates.Compute(network, Pixels(204), new() { Norm = AttackNorm.Linf, Method = method })[0].Radius);
        }
    }

    [Fact]
    public void A_closed_ball_holds_its_boundary_and_an_open_one_does_not()
    {
        var closed = new CertifiedRadius(0, 0.5, CertificateSource.Crown) { IsClosed = true };
        Assert.True(closed.Holds(0.5) && closed.Holds(0) && !closed.Holds(0.51));
        Assert.False((closed with { IsClosed = false }).Holds(0.5));
        Assert.False((closed with { Radius = 0 }).Holds(0));
        Assert.Equal(1, CertifiedAccuracy.Compute([closed, closed with { IsClosed = false }], [0, 0], 0.5).Count);
    }

    [Fact]
    public void What_Lipschitz_constants_have_proven_is_kept_where_it_is_more()
    {
        var network = Shared.Value;
        var known = CertifiedRadius.Compute(network, Images, LipschitzBounds.Compute(network, new(1, 4, 4)));
        Assert.True(known.Count(radius => radius.Radius > 0) > 30);
        var options = new CertificateOptions { Method = CertificateMethod.Interval };
        var both = LocalCertificates.Compute(network, Images, options, known: known);
        Assert.All(both.Zip(known), pair => Assert.True(pair.First.Radius >= pair.Second.Radius));
        Assert.Contains(both, radius => radius.Source <= CertificateSource.Pairwise && radius.Radius > 0);
        var other = LocalCertificates.Compute(network, Images, options with { Norm = AttackNorm.Linf }, known: known);
        Assert.All(other, radius => Assert.True(radius.Source is CertificateSource.None or CertificateSource.Interval));
    }

    [Theory]
    [InlineData(AttackNorm.Linf)]
    [InlineData(AttackNorm.L1)]
    public void Radii_that_are_too_large_are_found_out_in_every_norm(AttackNorm norm)
    {
        manual_seed(21);
        using var network = nn.Sequential(nn.Flatten(), nn.Linear(16, 3)); // Whose largest radius is what linear relaxation proves.
        var options = new CertificateOptions { Norm = norm, IsCut = false };
        var radii = LocalCertificates.Compute(network, Images, options);
        Assert.Empty(SoundnessCheck.Run(network, Images, radii));
        CertifiedRadius[] wrong = [.. radii.Select((radius, i) => i % 2 == 0 ? radius with { Radius = 1.1 * radius.Radius } : radius)];
        var attack = SoundnessCheck.DefaultAttack with { Steps = 300 };
        var found = SoundnessCheck.Run(network, Images, wrong, attack).Select(violation => violation.Index).ToArray();
        Assert.All(found, index => Assert.Equal(0, index % 2));
        Assert.True(found.Length >= 15, $"{found.Length} of 20");
    }

    [Fact]
    public void A_layer_without_relaxation_is_refused_by_its_name()
    {
        using var network = nn.Sequential(nn.Flatten(), nn.Linear(16, 4), nn.Softmax(1), nn.Linear(4, 3));
        var refusal = Assert.Throws<NotSupportedException>(() => LocalCertificates.Compute(network, Images));
        Assert.Contains("'2'", refusal.Message, StringComparison.Ordinal);
        Assert.Contains("Softmax", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_does_not_fit_is_refused()
    {
        var network = Shared.Value;
        foreach (var options in (CertificateOptions[])[
            new() { Precision = 0 }, new() { Precision = 2 }, new() { TimeLimit = TimeSpan.Zero }, new() { BatchSize = 0 },
            new() { Memory = 0 }])
        {
            Assert.Throws<ArgumentOutOfRangeException>(() => LocalCertificates.Compute(network, Images, options));
        }

        Assert.Throws<ArgumentException>(() => LocalCertificates.Prove(network, Images, [0.1]));
        Assert.Throws<ArgumentException>(() => LocalCertificates.Prove(network, Images, [.. Enumerable.Repeat(-0.1, Images.Count)]));
        Assert.Throws<ArgumentException>(() => LocalCertificates.Compute(network, Images, known: new CertifiedRadius[1]));
        Assert.ThrowsAny<OperationCanceledException>(() => LocalCertificates.Compute(network, Images, cancellation: new(canceled: true)));
    }

    [Fact]
    public void Time_that_has_run_out_leaves_what_is_proven()
    {
        var options = new CertificateOptions { Method = CertificateMethod.Complete, TimeLimit = TimeSpan.FromMilliseconds(1) };
        var radii = LocalCertificates.Compute(Shared.Value, Images, options, first: [1e-3]);
        Assert.All(radii, radius => Assert.True(radius.Radius is 0 or >= 1e-6));
        Assert.Empty(SoundnessCheck.Run(Shared.Value, Images, radii));
    }

    [Theory]
    [InlineData(CertificateMethod.Crown)]
    [InlineData(CertificateMethod.AlphaCrown)]
    public void A_bound_that_takes_longer_than_there_is_time_ends_with_nothing_proven(CertificateMethod method)
    {
        using var scope = NewDisposeScope();
        manual_seed(4);
        var network = nn.Sequential(
            nn.Flatten(), nn.Linear(16, 800), nn.ReLU(), nn.Linear(800, 800), nn.ReLU(), nn.Linear(800, 800), nn.ReLU(), nn.Linear(800, 2));
        var (one, options) = (Images.Take(1), new CertificateOptions { Method = method, Norm = AttackNorm.Linf });

        Assert.Equal([1e-4], LocalCertificates.Prove(network, one, [1e-4], options).Select(radius => radius.Radius));
        Assert.Equal(
            [0], LocalCertificates.Prove(network, one, [1e-4], options with { TimeLimit = TimeSpan.FromTicks(1) })
                .Select(radius => radius.Radius));
    }

    [Fact]
    public void The_number_of_samples_done_is_told()
    {
        var told = new List<int>();
        LocalCertificates.Compute(Shared.Value, Images, new() { BatchSize = 16 }, progress: new Told(told));
        Assert.Equal([16, 32, 40], told);
    }

    private static int[] Decisions(nn.Module<Tensor, Tensor> network, ImageSet images)
    {
        var scores = network.Score(images);
        return [.. Enumerable.Range(0, images.Count).Select(i => MarginNet.Margins.DecisionMargin.Compute(scores[i]).Class)];
    }

    private static ImageSet Pixels(params byte[] values) => ImageSet.Create(values, new int[values.Length], 1, 1, 1);

    private static Sequential Line(float[] weights, float[] biases) =>
        nn.Sequential(nn.Flatten(), Line(1, weights.Length, weights, biases));

    private static Linear Line(int inputs, int outputs, float[] weights, float[] biases)
    {
        using var inference = no_grad();
        var linear = nn.Linear(inputs, outputs);
        linear.weight!.copy_(tensor(weights, outputs, inputs));
        linear.bias!.copy_(tensor(biases));
        return linear;
    }

    /// <summary>Images of 4×4 pixels in which one of the rows 0 to 2 is bright.</summary>
    private static ImageSet Stripes(int count, int seed)
    {
        var random = new Random(seed);
        var pixels = new byte[count * 16];
        int[] labels = [.. Enumerable.Range(0, count).Select(i => i % 3)];
        for (var i = 0; i < pixels.Length; i++)
        {
            pixels[i] = (byte)(random.Next(110) + (i % 16 / 4 == labels[i / 16] ? 90 : 30));
        }

        return ImageSet.Create(pixels, labels, 1, 4, 4);
    }

    /// <summary>A network of two hidden layers that knows stripes.</summary>
    private static Sequential Trained(int seed)
    {
        manual_seed(seed);
        var network = nn.Sequential(
            nn.Conv2d(1, 2, 3, padding: 1), nn.ReLU(), nn.Flatten(), nn.Linear(32, 10), nn.ReLU(), nn.Linear(10, 3));
        var images = Stripes(300, seed: 2);
        using var optimizer = optim.Adam(network.parameters(), 0.01);
        int[] all = [.. Enumerable.Range(0, 300)];
        using var scope = NewDisposeScope();
        var (pixels, labels) = (images.ToTensor(all), tensor(images.Labels.ToArray(), dtype: ScalarType.Int64));
        for (var step = 0; step < 60; step++)
        {
            optimizer.zero_grad();
            nn.functional.cross_entropy(network.forward(pixels), labels).backward();
            optimizer.step();
        }

        network.eval();
        return network;
    }

    private sealed class Told(List<int> told) : IProgress<int>
    {
        public void Report(int value) => told.Add(value);
    }
}
