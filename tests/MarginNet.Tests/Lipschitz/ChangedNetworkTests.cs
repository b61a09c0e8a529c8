using MarginNet.Bounds;
using MarginNet.Certificates;
using MarginNet.Data;
using MarginNet.Lipschitz;
using MarginNet.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace MarginNet.Tests.Lipschitz;

/// <summary>Bounds say whether a network is still the one that they were proven for.</summary>
public sealed class ChangedNetworkTests
{
    [Fact]
    public void One_number_of_any_parameter_or_buffer_that_scores_are_made_of_makes_it_another_network()
    {
        using var scope = NewDisposeScope();
        using var inference = no_grad();
        foreach (var (network, input) in Networks())
        {
            var bounds = LipschitzBounds.Compute(network, input);
            var normalize = network.named_modules().SingleOrDefault(child => child.name == "normalize").module;
            IEnumerable<Tensor> unnamed = normalize is null ? [] : [normalize.get_buffer("mean")!, normalize.get_buffer("deviation")!];
            foreach (var numbers in network.parameters().Concat<Tensor>(network.buffers()).Concat(unnamed)
                .Where(numbers => numbers.is_floating_point())) // A batch-norm counts the batches it was trained on.
            {
                using var one = NewDisposeScope();
                var last = numbers.flatten()[^1];
                var before = last.clone();
                last.add_(1e-6);
                Assert.False(bounds.IsOf(network));
                last.copy_(before);
            }

            Assert.True(bounds.IsOf(network));
        }
    }

    [Fact]
    public void A_network_that_changed_since_is_not_certified_by_its_old_bounds()
    {
        using var scope = NewDisposeScope();
        using var inference = no_grad();
        using var network = new LipNet(new() { Width = 12, ImageSize = (8, 8) });
        var images = ImageSet.Create(new byte[2 * 3 * 8 * 8], [0, 1], 3, 8, 8);
        var bounds = LipschitzBounds.Compute(network, new(3, 8, 8));
        Assert.Equal(CertifiedRadius.Compute(network.Score(images), images, bounds), CertifiedRadius.Compute(network, images, bounds));
        network.parameters().First().mul_(2);
        var error = Assert.Throws<InvalidOperationException>(() => CertifiedRadius.Compute(network, images, bounds));
        Assert.Contains("compute the bounds again", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_same_weights_in_any_mode_and_any_object_are_the_same_network()
    {
        using var scope = NewDisposeScope();
        var (first, second) = (new FastNet(new() { Width = 2 }), new FastNet(new() { Width = 2 }));
        var bounds = LipschitzBounds.Compute(first, new(3, 12, 12));
        Assert.False(bounds.IsOf(second));
        second.load_state_dict(first.state_dict());
        first.train();
        second.eval();
        Assert.True(bounds.IsOf(first) && bounds.IsOf(second));
        bounds.ThrowIfChanged(second);
        var louder = new FastNet(new() { Width = 2, OutputScale = 2 });
        louder.load_state_dict(first.state_dict());
        Assert.False(bounds.IsOf(louder));
        first.train();
        using (no_grad())
        {
            first.call(rand(4, 3, 12, 12)).Dispose(); // Moves the running statistics.
        }

        Assert.Equal(
            "The network's weights are not those the bounds were proven for: compute the bounds again.",
            Assert.Throws<InvalidOperationException>(() => bounds.ThrowIfChanged(first)).Message);
        Assert.False(bounds.IsOf(second.to(ScalarType.Float64)));
    }

    [Fact]
    public void A_setting_or_a_module_more_makes_it_another_network()
    {
        using var scope = NewDisposeScope();
        var (convolution, leaky, normalization) = (nn.Conv2d(2, 2, 3, padding: 1), nn.LeakyReLU(0.1), nn.BatchNorm2d(2));
        var (maximum, average, adaptive) = (nn.MaxPool2d(2), nn.AvgPool2d(2), nn.AdaptiveAvgPool2d(2));
        var network = nn.Sequential(convolution, normalization, leaky, maximum, average, adaptive, nn.Flatten(), nn.Linear(8, 3));
        var bounds = LipschitzBounds.Compute(network, new(2, 12, 12));
        (Action<double> Set, double Before, double After)[] settings =
        [
            (value => leaky.negative_slope = value, 0.1, 0.2), (value => normalization.eps = value, normalization.eps, 1e-2),
            (value => convolution.padding![0] = (long)value, 1, 0), (value => maximum.kernel_size[1] = (long)value, 2, 3),
            (value => average.kernel_size[0] = (long)value, 2, 3), (value => adaptive.output_size[1] = (long)value, 2, 3),
        ];
        foreach (var (set, before, after) in settings)
        {
            set(after);
            Assert.False(bounds.IsOf(network));
            set(before);
            Assert.True(bounds.IsOf(network));
        }

        network.append(nn.ReLU());
        Assert.False(bounds.IsOf(network));
    }

    [Fact]
    public void A_hook_or_a_weight_that_is_no_number_is_refused_as_it_is_for_bounds()
    {
        using var scope = NewDisposeScope();
        var linear = nn.Linear(3, 3);
        var network = nn.Sequential(linear);
        var bounds = LipschitzBounds.Compute(network, new(3));
        var hook = network.register_forward_hook((_, _, output) => output * 1000);
        Assert.Throws<NotSupportedException>(() => bounds.IsOf(network));
        hook.remove();
        Assert.True(bounds.IsOf(network));
        using var inference = no_grad();
        linear.weight.fill_(double.NaN);
        Assert.Throws<InvalidDataException>(() => bounds.ThrowIfChanged(network));
    }

    [Fact]
    public void Asking_leaves_no_tensor_behind()
    {
        using var network = new ResNet18(new() { Width = 1 });
        var bounds = LipschitzBounds.Compute(network, new(3, 8, 8));
        Assert.Equal(0, LiveTensors.LeftBy(() => bounds.IsOf(network)));
    }

    private static IEnumerable<(nn.Module<Tensor, Tensor> Network, FeatureShape Input)> Networks()
    {
        manual_seed(91);
        for (var design = 0; design < 8; design++)
        {
            yield return RandomNetworks.Create(design);
        }

        yield return (new ResNet18(new() { Width = 1 }), new(3, 8, 8));
        yield return (new FastNet(new() { Width = 1 }), new(3, 12, 12));
        yield return (new LipNet(new() { Width = 1, ImageSize = (8, 8) }), new(3, 8, 8));
        yield return (new OrthogonalNet(new() { Width = 1, ImageSize = (8, 8) }), new(3, 8, 8));
        yield return (new LiResNet(new() { Width = 2, ImageSize = (8, 8) }), new(3, 8, 8));
    }
}
