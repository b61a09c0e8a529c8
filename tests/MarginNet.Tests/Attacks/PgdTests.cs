using MarginNet.Attacks;
using MarginNet.Data;
using MarginNet.Margins;
using MarginNet.Models;
using static TorchSharp.torch;

namespace MarginNet.Tests.Attacks;

public sealed class PgdTests
{
    private static readonly ImageSet Images = SyntheticShapes.Create(0, 24).Test;
    private static readonly AttackOptions Options = new() { Method = AttackMethod.Pgd, Epsilon = 8 / 255.0, Steps = 5 };

    [Theory]
    [InlineData(AttackNorm.Linf, 1, true)]
    [InlineData(AttackNorm.Linf, 3, false)]
    [InlineData(AttackNorm.L2, 1, true)]
    [InlineData(AttackNorm.L2, 3, false)]
    [InlineData(AttackNorm.L1, 2, true)]
    public void Attacked_images_stay_in_the_ball_and_where_clipped_in_the_box(AttackNorm norm, int restarts, bool clip)
    {
        using var network = Network();
        using var scope = NewDisposeScope();
        var (pixels, labels) = Batch();
        var attacked = Pgd.Perturb(network, pixels, labels, Options with { Norm = norm, Epsilon = 0.3, Restarts = restarts, Clip = clip });
        Assert.InRange(AttackBallTests.Size(attacked - pixels, norm), 0.1, 0.3 + 1e-6);
        Assert.Equal(clip, attacked.min().item<float>() >= 0 && attacked.max().item<float>() <= 1);
    }

    [Theory]
    [InlineData(AttackNorm.Linf, AttackObjective.CrossEntropy)]
    [InlineData(AttackNorm.Linf, AttackObjective.LogitDifference)]
    [InlineData(AttackNorm.L2, AttackObjective.CrossEntropy)]
    [InlineData(AttackNorm.L2, AttackObjective.LogitDifference)]
    public void It_is_on_average_never_weaker_than_FGSM_nor_for_any_image_than_doing_nothing(AttackNorm norm, AttackObjective objective)
    {
        using var network = Network();
        network.eval();
        using var scope = NewDisposeScope();
        var (pixels, labels) = Batch();
        var options = Options with { Norm = norm, Objective = objective, Epsilon = norm == AttackNorm.Linf ? 0.05 : 1, Steps = 10 };
        var (clean, fgsm, pgd) = (Reached(pixels), Reached(Fgsm.Perturb(network, pixels, labels, options)),
            Reached(Pgd.Perturb(network, pixels, labels, options)));
        Assert.True(pgd.mean().item<float>() >= fgsm.mean().item<float>());
        Assert.True(fgsm.mean().item<float>() > clean.mean().item<float>());

        // An image that becomes misclassified may be kept at a smaller cross-entropy than it had; the logit difference has no such case.
        Assert.True(objective == AttackObjective.CrossEntropy || (pgd - clean).min().item<float>() >= -1e-5);

        Tensor Reached(Tensor images) => objective.Compute(network.forward(images), labels).detach();
    }

    [Fact]
    public void More_steps_of_the_same_length_and_more_starts_never_reduce_what_is_kept()
    {
        using var network = Network();
        var options = Options with { Objective = AttackObjective.LogitDifference, StepSize = 0.01 };
        double[][] reached =
        [
            Kept(options with { Steps = 1 }),
            Kept(options with { Steps = 4 }),
            Kept(options with { Steps = 9 }),
            Kept(options with { Steps = 9, Restarts = 2 }),
            Kept(options with { Steps = 9, Restarts = 3 }),
        ];
        foreach (var (fewer, more) in reached.Zip(reached[1..]))
        {
            Assert.All(fewer.Zip(more), pair => Assert.True(pair.Second <= pair.First + 1e-5, $"{pair.First} became {pair.Second}"));
        }

        Assert.True(reached[2].Sum() < reached[0].Sum());
        Assert.True(reached[4].Sum() < reached[2].Sum());

        double[] Kept(AttackOptions options) => Attack.Run(network, Images, options).AttackedScores.LabelledMargins(Images.Labels);
    }

    [Fact]
    public void A_misclassified_image_is_kept_before_one_of_larger_cross_entropy()
    {
        using var network = Network();
        var few = Attack.Run(network, Images, Options with { Epsilon = 0.3, Steps = 2, StepSize = 0.1 }).AttackedScores.Decisions().Classes;
        var many = Attack.Run(network, Images, Options with
        {
            Epsilon = 0.3,
            Steps = 8,
            StepSize = 0.1,
            Restarts = 2,
        }).AttackedScores.Decisions().Classes;
        for (var i = 0; i < Images.Count; i++)
        {
            Assert.True(few[i] == Images.Labels[i] || many[i] != Images.Labels[i]);
        }
    }

    [Theory]
    [InlineData(AttackNorm.Linf)]
    [InlineData(AttackNorm.L2)]
    public void Without_room_to_move_nothing_changes(AttackNorm norm)
    {
        using var network = Network();
        using var scope = NewDisposeScope();
        var (pixels, labels) = Batch();
        var options = Options with { Norm = norm, Epsilon = 0, StepSize = 0.1, Restarts = 2 };
        Assert.True(Pgd.Perturb(network, pixels, labels, options).Equals(pixels));
        Assert.True(Fgsm.Perturb(network, pixels, labels, options).Equals(pixels));
    }

    [Theory]
    [InlineData(AttackObjective.CrossEntropy)]
    [InlineData(AttackObjective.LogitDifference)]
    public void On_a_linear_network_FGSM_and_PGD_reach_the_optimum(AttackObjective objective)
    {
        using var scope = NewDisposeScope();
        manual_seed(71);
        var linear = nn.Linear(12, 2);
        var network = nn.Sequential(nn.Flatten(), linear);
        var pixels = rand(5, 3, 2, 2);
        var labels = tensor(new long[] { 0, 1, 1, 0, 1 });
        // the gradient of rival − own
        var away = ((1 - (2 * labels)).unsqueeze(1) * (linear.weight[1] - linear.weight[0])).reshape(5, 3, 2, 2).detach();
        var margins = LabelledMargin.Compute(network.forward(pixels), labels);
        foreach (var method in Enum.GetValues<AttackMethod>())
        {
            var options = Options with { Method = method, Objective = objective, Epsilon = 0.2, Steps = 10 };
            Assert.True(Perturb(options).allclose((pixels + (0.2 * away.sign())).clamp(0, 1), 0, 1e-6));
            Falls(Perturb(options with { Clip = false }), 0.2 * away.abs().sum([1, 2, 3]));
            Falls(Perturb(options with { Clip = false, Norm = AttackNorm.L2 }), 0.2 * away.square().sum([1, 2, 3]).sqrt());
        }

        Tensor Perturb(AttackOptions options) =>
            options.Method == AttackMethod.Fgsm
                ? Fgsm.Perturb(network, pixels, labels, options)
                : Pgd.Perturb(network, pixels, labels, options);

        void Falls(Tensor attacked, Tensor by) =>
            Assert.True(LabelledMargin.Compute(network.forward(attacked), labels).allclose(margins - by, 0, 1e-5));
    }

    [Fact]
    public void It_leaves_the_network_as_it_was_and_no_tensor_behind()
    {
        using var network = Network();
        network.parameters().First().requires_grad = false;
        using var pixels = Images.ToTensor([0, 1]);
        using var labels = Images.LabelTensor([0, 1]);
        var options = Options with { Restarts = 2 };
        Pgd.Perturb(network, pixels, labels, options).Dispose();
        Assert.Equal(0, LiveTensors.LeftBy(() => Pgd.Perturb(network, pixels, labels, options).Dispose()));
        Restored();
        Assert.False(pixels.requires_grad);

        using var none = tensor(new long[] { 0, 99 });
        Assert.ThrowsAny<Exception>(() => Pgd.Perturb(network, pixels, none, options));
        Restored();

        void Restored()
        {
            Assert.True(network.training);
            Assert.All(network.parameters().Skip(1), parameter => Assert.True(parameter.requires_grad));
            Assert.False(network.parameters().First().requires_grad);
            Assert.All(network.parameters(), parameter => Assert.Null(parameter.grad));
        }
    }

    [Fact]
    public void Options_out_of_range_are_rejected()
    {
        using var network = Network();
        using var scope = NewDisposeScope();
        var (pixels, labels) = Batch();
        AttackOptions[] wrong =
        [
            new() { Epsilon = -0.1 }, new() { Epsilon = double.NaN }, new() { Epsilon = double.PositiveInfinity },
            new() { StepSize = 0 }, new() { StepSize = double.NaN }, new() { Steps = 0 }, new() { Restarts = 0 }, new() { BatchSize = 0 },
        ];
        Assert.All(wrong, options => Assert.Throws<ArgumentOutOfRangeException>(() => Pgd.Perturb(network, pixels, labels, options)));
        Assert.All(wrong, options => Assert.Throws<ArgumentOutOfRangeException>(() => Fgsm.Perturb(network, pixels, labels, options)));
        Assert.All(wrong, options => Assert.Throws<ArgumentOutOfRangeException>(() => Attack.Run(network, Images, options)));
    }

    private static (Tensor Pixels, Tensor Labels) Batch()
    {
        int[] all = [.. Enumerable.Range(0, Images.Count)];
        return (Images.ToTensor(all), Images.LabelTensor(all));
    }

    private static ResNet18 Network()
    {
        manual_seed(72);
        return new ResNet18(new() { Width = 4 });
    }
}
