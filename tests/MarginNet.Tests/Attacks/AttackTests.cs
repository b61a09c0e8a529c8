using MarginNet.Attacks;
using MarginNet.Data;
using MarginNet.Models;
using static TorchSharp.torch;

namespace MarginNet.Tests.Attacks;

public sealed class AttackTests
{
    private static readonly ImageSet Images = SyntheticShapes.Create(0, 24).Test;
    private static readonly AttackOptions Pgd = new() { Method = AttackMethod.Pgd, Epsilon = 0.05, Steps = 3, Restarts = 2, BatchSize = 7 };

    [Fact]
    public void The_scores_are_those_of_the_images_before_and_after()
    {
        using var network = Network();
        foreach (var options in new[] { Pgd, new AttackOptions { BatchSize = 7 } })
        {
            var result = Attack.Run(network, Images, options);
            var (clean, attacked) = (network.Score(Images), result.Images.Score(network, batchSize: 5));
            for (var i = 0; i < Images.Count; i++)
            {
                Assert.All(Enumerable.Range(0, 10), c => Assert.Equal(clean[i][c], result.CleanScores[i][c], 1e-4f));
                Assert.All(Enumerable.Range(0, 10), c => Assert.Equal(attacked[i][c], result.AttackedScores[i][c], 1e-4f));
            }
        }
    }

    [Fact]
    public void FGSM_of_a_set_is_FGSM_of_its_images()
    {
        using var network = Network();
        var options = new AttackOptions { Epsilon = 0.1 };
        using var attacked = Attack.Run(network, Images, options).Images.ToTensor();
        int[] all = [.. Enumerable.Range(0, Images.Count)];
        using var expected = Fgsm.Perturb(network, Images.ToTensor(all), Images.LabelTensor(all), 0.1);
        Assert.True(attacked.Equals(expected));
    }

    [Fact]
    public void The_same_seed_gives_the_same_images_and_another_seed_others()
    {
        using var network = Network();
        float[] Of(AttackOptions options) =>
            [.. Enumerable.Range(0, Images.Count).SelectMany(i => Attack.Run(network, Images, options).Images[i].ToArray())];
        var first = Of(Pgd);
        Assert.Equal(first, Of(Pgd));
        Assert.NotEqual(first, Of(Pgd with { Seed = 1 }));
    }

    [Fact]
    public void A_saturated_softmax_leaves_cross_entropy_stuck_and_the_logit_difference_free()
    {
        using var scope = NewDisposeScope();
        manual_seed(82);
        var linear = nn.Linear(3 * Images.Height * Images.Width, 10);
        using (no_grad())
        {
            linear.weight.mul_(1e4);
        }

        var network = nn.Sequential(nn.Flatten(), linear);
        var margins = network.Score(Images).LabelledMargins(Images.Labels);
        var saturated = margins.Count(margin => margin > 110); // exp(−110) is 0 in float32
        var right = network.Score(Images).Decisions().Classes.Zip(Images.Labels.ToArray()).Count(pair => pair.First == pair.Second);
        var stuck = Attack.Run(network, Images, new() { Epsilon = 0.1 });
        Assert.InRange(saturated, 1, Images.Count);
        Assert.InRange(stuck.StuckCount, saturated, right);
        for (var i = 0; i < Images.Count; i++)
        {
            Assert.True(margins[i] <= 110 || stuck.AttackedScores[i].SequenceEqual(stuck.CleanScores[i]));
        }

        var free = Attack.Run(network, Images, new() { Epsilon = 0.1, Objective = AttackObjective.LogitDifference });
        Assert.Equal(0, free.StuckCount);
        Assert.True(free.AttackedScores.Accuracy(Images.Labels) < stuck.AttackedScores.Accuracy(Images.Labels));
    }

    [Fact]
    public void A_set_is_attacked_without_a_tensor_left()
    {
        using var network = Network();
        Attack.Run(network, Images, Pgd);
        Assert.Equal(0, LiveTensors.LeftBy(() => Attack.Run(network, Images, Pgd)));
    }

    [Fact]
    public void An_image_without_a_label_and_an_empty_set_are_rejected()
    {
        using var network = Network();
        var unlabelled = ImageSet.Create(new byte[2 * 3 * 32 * 32], [1, ImageSet.UnknownLabel], 3, 32, 32);
        Assert.Contains(
            "Image 1 has no label", Assert.Throws<ArgumentException>(() => Attack.Run(network, unlabelled)).Message,
            StringComparison.Ordinal);
        Assert.Throws<ArgumentOutOfRangeException>(() => Attack.Run(network, Images.Take(0)));
    }

    [Fact]
    public void A_network_whose_weights_are_not_finite_is_an_error_in_one_line()
    {
        using var network = Network();
        using (no_grad())
        {
            network.parameters().Last().fill_(float.NaN);
        }

        Assert.Contains(
            "NaN or infinite", Assert.Throws<InvalidDataException>(() => Attack.Run(network, Images)).Message, StringComparison.Ordinal);
        Assert.True(network.training);
    }

    [Fact]
    public void Progress_is_told_and_cancelling_stops_between_batches()
    {
        using var network = Network();
        using var source = new CancellationTokenSource();
        var seen = new List<int>();
        var progress = new Recorder(count =>
        {
            seen.Add(count);
            source.Cancel();
        });
        Assert.Throws<OperationCanceledException>(() => Attack.Run(network, Images, Pgd, progress, source.Token));
        Assert.Equal([7], seen);
    }

    private static ResNet18 Network()
    {
        manual_seed(81);
        return new ResNet18(new() { Width = 4 });
    }

    private sealed class Recorder(Action<int> action) : IProgress<int>
    {
        public void Report(int value) => action(value);
    }
}
