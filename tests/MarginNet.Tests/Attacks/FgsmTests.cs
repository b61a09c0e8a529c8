using MarginNet.Attacks;
using MarginNet.Data;
using MarginNet.Models;
using static TorchSharp.torch;

namespace MarginNet.Tests.Attacks;

public sealed class FgsmTests
{
    private static readonly ImageSet Images = SyntheticShapes.Create(0, 24).Test;

    [Fact]
    public void Every_pixel_moves_by_epsilon_unless_clipped_or_without_gradient()
    {
        using var network = Network();
        using var pixels = Images.ToTensor([.. Enumerable.Range(0, 24)]);
        using var attacked = Fgsm.Perturb(network, pixels, Images.LabelTensor([.. Enumerable.Range(0, 24)]), 0.1);
        using var change = (attacked - pixels).abs();
        Assert.InRange(attacked.min().item<float>(), 0, 1);
        Assert.InRange(attacked.max().item<float>(), 0, 1);
        using var inside = (attacked > 0).logical_and(attacked < 1).logical_and(change > 0);
        Assert.True(inside.sum().item<long>() > pixels.numel() / 2);
        Assert.True((change[inside] - 0.1).abs().max().item<float>() < 1e-6);
        Assert.True(change.max().item<float>() < 0.1 + 1e-6);
    }

    [Fact]
    public void On_a_linear_network_it_is_the_closed_form()
    {
        manual_seed(51);
        using var linear = nn.Linear(12, 3);
        using var network = nn.Sequential(nn.Flatten(), linear);
        using var pixels = rand(5, 3, 2, 2);
        using var labels = tensor(new long[] { 0, 1, 2, 0, 1 });
        using var attacked = Fgsm.Perturb(network, pixels, labels, 0.05);
        using var probabilities = nn.functional.softmax(network.forward(pixels), 1);
        using var gradient = (probabilities - nn.functional.one_hot(labels, 3)).mm(linear.weight).reshape(5, 3, 2, 2);
        using var expected = (pixels + (0.05 * gradient.sign())).clamp(0, 1);
        Assert.True(attacked.allclose(expected, 0, 1e-7));
    }

    [Fact]
    public void It_raises_the_loss_of_the_network_it_follows()
    {
        using var network = Network();
        int[] all = [.. Enumerable.Range(0, 24)];
        using var pixels = Images.ToTensor(all);
        using var labels = Images.LabelTensor(all);
        using var attacked = Fgsm.Perturb(network, pixels, labels, 0.01);
        network.eval();
        Assert.True(Loss(attacked) > Loss(pixels));

        double Loss(Tensor input) => nn.functional.cross_entropy(network.forward(input), labels).item<float>();
    }

    [Fact]
    public void It_leaves_the_network_as_it_was_and_no_tensor_behind()
    {
        using var network = Network();
        using var pixels = Images.ToTensor([0, 1]);
        using var labels = Images.LabelTensor([0, 1]);
        Fgsm.Perturb(network, pixels, labels, 0.1).Dispose();
        Assert.Equal(0, LiveTensors.LeftBy(() => Fgsm.Perturb(network, pixels, labels, 0.1).Dispose()));
        Assert.True(network.training);
        Assert.All(network.parameters(), parameter => Assert.Null(parameter.grad));
        Assert.False(pixels.requires_grad);
    }

    [Fact]
    public void Without_room_to_move_nothing_changes()
    {
        using var network = Network();
        using var pixels = Images.ToTensor([0, 1]);
        using var attacked = Fgsm.Perturb(network, pixels, Images.LabelTensor([0, 1]), 0);
        Assert.True(attacked.Equals(pixels));
        Assert.Throws<ArgumentOutOfRangeException>(() => Fgsm.Perturb(network, pixels, Images.LabelTensor([0, 1]), -0.1));
        Assert.Throws<ArgumentOutOfRangeException>(() => Fgsm.Perturb(network, pixels, Images.LabelTensor([0, 1]), double.NaN));
    }

    [Fact]
    public void A_set_of_images_is_scored_under_attack_batch_by_batch()
    {
        using var network = Network();
        network.eval();
        int[] all = [.. Enumerable.Range(0, 24)];
        var scores = network.Score(Images, (pixels, labels) => Fgsm.Perturb(network, pixels, labels, 0.05), batchSize: 7);
        using var attacked = Fgsm.Perturb(network, Images.ToTensor(all), Images.LabelTensor(all), 0.05);
        using var expected = network.forward(attacked);
        Assert.Equal(expected[20, 3].item<float>(), scores[20][3], 1e-3f);
        Assert.NotEqual(network.Score(Images)[20][3], scores[20][3]);
    }

    private static ResNet18 Network()
    {
        manual_seed(52);
        return new ResNet18(new() { Width = 4 });
    }
}
