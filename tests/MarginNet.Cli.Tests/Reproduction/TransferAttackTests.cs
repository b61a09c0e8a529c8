using MarginNet.Attacks;
using MarginNet.Cli.Reproduction;
using MarginNet.Data;
using MarginNet.Models;
using static TorchSharp.torch;

namespace MarginNet.Cli.Tests.Reproduction;

public sealed class TransferAttackTests
{
    private static readonly ImageSet Images = SyntheticShapes.Create(0, 150).Test; // More than a batch.

    [Fact]
    public void Each_network_scores_the_images_that_follow_the_surrogates_gradient()
    {
        manual_seed(1);
        using var surrogate = Network();
        using var other = Network();
        var (scores, unmoved) = TransferAttack.Score(surrogate, [surrogate, other], Images, 0.1, CancellationToken.None);
        Assert.Equal(0, unmoved);
        foreach (var (found, network) in scores.Zip([surrogate, other]))
        {
            var expected = network.Score(Images, (pixels, labels) => Fgsm.Perturb(surrogate, pixels, labels, 0.1));
            Assert.Equal(Images.Count, found.Count);
            Assert.All(Enumerable.Range(0, Images.Count), i => Assert.True(found[i].SequenceEqual(expected[i])));
        }
    }

    [Fact]
    public void Images_without_any_gradient_are_counted()
    {
        using var flat = Network();
        using (no_grad())
        {
            flat.named_parameters().Single(parameter => parameter.name == "fc.weight").parameter.zero_();
        }

        Assert.Equal(Images.Count, TransferAttack.Score(flat, [flat], Images, 0.1, CancellationToken.None).Unmoved);
    }

    private static ResNet18 Network()
    {
        var network = new ResNet18(new() { Width = 4 });
        network.eval();
        return network;
    }
}
