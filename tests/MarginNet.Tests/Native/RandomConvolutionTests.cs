using MarginNet.Data;
using MarginNet.Models;
using MarginNet.Native;
using TorchSharp;
using static TorchSharp.torch;

namespace MarginNet.Tests.Native;

/// <summary>What is promised of every processor; <c>eng/isa-matrix</c> runs it under other instruction sets,
/// and on a processor that hides its caches.</summary>
public sealed class RandomConvolutionTests
{
    private const int Networks = 200;

    [Fact]
    public void Scores_of_random_convolutional_networks_are_within_1e_5_of_float64()
    {
        var random = new Random(2026);
        for (var trial = 0; trial < Networks; trial++)
        {
            using var scope = NewDisposeScope();
            manual_seed(trial);
            var (side, channels, count) = (random.Next(5, 17), random.Next(1, 5), random.Next(1, 34));
            using var network = new Convolutions(random, channels);
            var pixels = new byte[count * channels * side * side];
            random.NextBytes(pixels);
            var images = ImageSet.Create(pixels, new int[count], channels, side, side);
            var scores = network.Score(images);
            using var inference = no_grad();
            network.to(ScalarType.Float64);
            var exact = network.call(images.ToTensor([.. Enumerable.Range(0, count)]).to(ScalarType.Float64));
            var largest = exact.abs().max().item<double>();
            var found = tensor(Enumerable.Range(0, count).SelectMany(i => scores[i].ToArray()).ToArray(), [count, exact.shape[1]])
                .to(ScalarType.Float64);
            var error = (found - exact).abs().max().item<double>() / largest;
            Assert.True(error <= 1e-5, $"Trial {trial} of {count} images: {error:g3} of the largest score, by {network.Description}.");
        }
    }

    /// <summary>One to three convolutions of any kind, with ReLU between them, and a mean;
    /// the images are turned to channels-last order in half of the networks.</summary>
    private sealed class Convolutions : nn.Module<Tensor, Tensor>
    {
        private readonly bool _isChannelsLast;

        public Convolutions(Random random, int channels)
            : base(nameof(Convolutions))
        {
            _isChannelsLast = random.Next(2) == 0;
            var parts = new List<(string, nn.Module<Tensor, Tensor>)>();
            var depth = random.Next(1, 4);
            for (var i = 0; i < depth; i++)
            {
                var groups = random.Next(4) == 0 ? Enumerable.Range(1, 4).Where(g => channels % g == 0).Max() : 1;
                var outputs = groups * random.Next(1, 1 + (100 / groups));
                var (kernel, stride, dilation) = (random.Next(1, 6), random.Next(1, 3), random.Next(3) == 0 ? 2 : 1);
                var padding = (kernel - 1) * dilation / 2; // The size never falls below 1.
                parts.Add(($"{i}", random.Next(4) == 0
                    ? nn.ConvTranspose2d(channels, outputs, kernel, stride: stride, padding: (kernel - 1) / 2, groups: groups)
                    : nn.Conv2d(channels, outputs, kernel, stride: stride, padding: padding, dilation: dilation, groups: groups)));
                parts.Add(($"{i}r", nn.ReLU()));
                Description += $"{channels}-{outputs} k{kernel} s{stride} d{dilation} g{groups} {parts[^2].Item2.GetType().Name}; ";
                channels = outputs;
            }

            register_module("layers", nn.Sequential([.. parts, ("flat", nn.AdaptiveAvgPool2d(2)), ("vector", nn.Flatten())]));
            Description += _isChannelsLast ? "channels last" : "contiguous";
        }

        public string Description { get; } = "";

        public override Tensor forward(Tensor input) =>
            ((nn.Module<Tensor, Tensor>)children().Single()).call(_isChannelsLast ? MemoryOrder.ChannelsLast(input) : input);
    }
}
