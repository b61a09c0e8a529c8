using System.Reflection;
using MarginNet.Bounds;
using MarginNet.Graph.Modules;
using MarginNet.Lipschitz;
using MarginNet.Models;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace MarginNet.Tests.Lipschitz;

/// <summary>Only modules that compute what is known of their type are bounded.</summary>
public sealed class KnownModulesTests
{
    private static readonly FeatureShape Images = new(3, 12, 12);

    [Fact]
    public void A_subclass_of_a_known_module_is_refused_by_name_wherever_it_is()
    {
        using var scope = NewDisposeScope();
        var resnet = new ResNet18(new() { Width = 2 });
        Stage(resnet, "layer2").append(new Amplifier(nn.Identity()));
        (string, nn.Module<Tensor, Tensor>)[] networks =
        [
            ("", new Amplifier(nn.Flatten(), nn.Linear(432, 3))),
            ("1", nn.Sequential(nn.Flatten(), new Amplifier(nn.Linear(432, 3)))),
            ("0.0", nn.Sequential(nn.Sequential(new Amplifier()), nn.Flatten(), nn.Linear(432, 3))),
            ("0", nn.Sequential(new Caller(nn.Identity()), nn.Flatten(), nn.Linear(432, 3))),
            ("0", nn.Sequential(new LoudBatchNorm(), nn.Flatten(), nn.Linear(432, 3))),
            ("layer2.2", resnet),
        ];
        foreach (var (name, network) in networks)
        {
            var error = Assert.Throws<NotSupportedException>(() => LipschitzBounds.Compute(network, Images));
            Assert.StartsWith($"Layer '{name}' is a ", error.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Every_type_that_the_libraries_derive_from_a_Sequential_would_be_refused()
    {
        var types = new[] { typeof(nn.Module).Assembly, typeof(LipNet).Assembly }.SelectMany(assembly => assembly.GetTypes());
        Assert.DoesNotContain(types, type => type.IsSubclassOf(typeof(Sequential))); // A sealed one would pass for a Sequential.
    }

    [Fact]
    public void A_hook_on_any_module_of_any_network_is_refused_by_the_modules_name_until_it_is_removed()
    {
        using var scope = NewDisposeScope();
        nn.Module<Tensor, Tensor>[] networks =
        [
            nn.Sequential(
                nn.Sequential(nn.Conv2d(3, 2, 3), nn.BatchNorm2d(2), nn.LeakyReLU(0.1)),
                nn.AvgPool2d(2), nn.Flatten(), nn.Dropout(0.5), nn.Identity(), nn.Linear(50, 3)),
            new ResNet18(new() { Width = 1, Stem = ResNetStem.Large }),
            new FastNet(new() { Width = 1 }),
            new LipNet(new() { Width = 1, ImageSize = (12, 12) }),
        ];
        foreach (var network in networks)
        {
            foreach (var (name, module) in network.named_modules().Prepend(("", network)))
            {
                var hooked = (nn.Module<Tensor, Tensor>)module;
                foreach (var register in Hooks(hooked))
                {
                    using var layers = NewDisposeScope();
                    var remove = register();
                    var error = Assert.Throws<NotSupportedException>(() => ModuleReader.Read(network, Images));
                    Assert.StartsWith($"Layer '{name}', a {module.GetType().Name}, has a hook", error.Message, StringComparison.Ordinal);
                    remove();
                    Assert.NotEmpty(ModuleReader.Read(network, Images).Nodes);
                }
            }

            LipschitzBounds.Compute(network, Images);
        }
    }

    [Fact]
    public void A_hook_that_multiplies_changes_what_is_called_and_so_is_not_bounded_as_it_was()
    {
        using var scope = NewDisposeScope();
        var network = nn.Sequential(nn.Linear(3, 3), nn.ReLU());
        using var x = ones(1, 3);
        var before = network.call(x);
        network.register_forward_hook((_, _, output) => output * 1000);
        Assert.True(network.call(x).allclose(1000 * before));
        Assert.Throws<NotSupportedException>(() => LipschitzBounds.Compute(network, new(3)));
    }

    [Theory]
    [InlineData("fc")]
    [InlineData("bn1")]
    public void A_module_registered_in_place_of_the_one_that_is_called_is_refused(string name)
    {
        using var scope = NewDisposeScope();
        var network = new ResNet18(new() { Width = 2 });
        network.register_module(name, null!);
        var error = Assert.Throws<NotSupportedException>(() => LipschitzBounds.Compute(network, Images));
        Assert.Contains($"'{name}' was registered again", error.Message, StringComparison.Ordinal);
        network.register_module(name, name == "fc" ? nn.Linear(16, 10) : nn.BatchNorm2d(2));
        Assert.Throws<NotSupportedException>(() => LipschitzBounds.Compute(network, Images));
    }

    [Fact]
    public void A_module_that_is_called_twice_counts_twice()
    {
        using var scope = NewDisposeScope();
        using var inference = no_grad();
        var shared = nn.Linear(3, 3, hasBias: false);
        shared.weight.copy_(3 * eye(3));
        var inner = nn.Sequential(shared, nn.ReLU());
        Sequential[] networks =
        [
            nn.Sequential(shared, nn.ReLU(), shared, nn.ReLU()),
            nn.Sequential(inner, inner),
            nn.Sequential(("a", inner), ("a", inner)),
        ];
        foreach (var network in networks)
        {
            Assert.InRange(LipschitzBounds.Compute(network, new(3)).Euclidean.Value, 9, 9.00001);
        }
    }

    [Fact]
    public void A_module_that_a_Sequential_was_told_of_but_does_not_call_does_not_count()
    {
        using var scope = NewDisposeScope();
        var network = nn.Sequential(nn.Linear(3, 3));
        var expected = LipschitzBounds.Compute(network, new(3));
        network.register_module("more", nn.Linear(3, 3));
        using var x = ones(1, 3);
        Assert.True(network.call(x).Equals(((Linear)network[0]).call(x)));
        Assert.Equal(expected.Euclidean, LipschitzBounds.Compute(network, new(3)).Euclidean);
    }

    /// <summary>One hook of each of the four kinds, each to be registered, and then removed by what that returns.</summary>
    private static IEnumerable<Func<Action>> Hooks(nn.Module<Tensor, Tensor> module) =>
    [
        () => module.register_forward_hook((_, _, output) => output * 1000).remove,
        () => module.register_forward_pre_hook((_, input) => input * 1000).remove,
        () => module.register_forward_hook(_ => { }).remove,
        () => module.register_forward_pre_hook(_ => { }).remove,
    ];

    private static Sequential Stage(ResNet18 network, string name) =>
        (Sequential)typeof(ResNet18).GetField(name, BindingFlags.Instance | BindingFlags.NonPublic)!.GetValue(network)!;

    private sealed class Amplifier(params nn.Module<Tensor, Tensor>[] modules) : Sequential(modules)
    {
        public override Tensor forward(Tensor tensor) => base.forward(tensor) * 1000;
    }

    /// <summary>A Sequential calls its modules through the interface, which a subclass may implement again.</summary>
    private sealed class Caller(params nn.Module<Tensor, Tensor>[] modules) : Sequential(modules), nn.IModule<Tensor, Tensor>
    {
        Tensor nn.IModule<Tensor, Tensor>.call(Tensor input1) => call(input1) * 1000;
    }

    private sealed class LoudBatchNorm() : BatchNorm(3, 1e-5, 0.1, true, true, CPU, ScalarType.Float32, "loud")
    {
        public override Tensor forward(Tensor input) => base.forward(input) * 1000;

        protected override void ValidateInputDimensions(Tensor input)
        {
        }
    }
}
