using MarginNet.Backdoors;
using MarginNet.Models;
using static TorchSharp.torch;

namespace MarginNet.Tests.Backdoors;

public sealed class MaximumMarginTestTests
{
    private const int Size = 5;

    /// <summary>The scores W x + b of images of 1 × 5 × 5.</summary>
    private static nn.Module<Tensor, Tensor> Linear(float[,] weight, float[] bias)
    {
        var linear = nn.Linear(Size * Size, bias.Length);
        using var frozen = no_grad();
        linear.weight!.copy_(tensor(weight));
        linear.bias!.copy_(tensor(bias));
        return nn.Sequential(nn.Flatten(), linear);
    }

    /// <summary>Class c has pixel c alone, of a weight of its own, which is then its largest margin.</summary>
    private static nn.Module<Tensor, Tensor> OwnPixels(float[] weights)
    {
        var weight = new float[weights.Length, Size * Size];
        for (var c = 0; c < weights.Length; c++)
        {
            weight[c, c] = weights[c];
        }

        return Linear(weight, new float[weights.Length]);
    }

    private static MaximumMarginTest Run(nn.Module<Tensor, Tensor> network, MaximumMarginOptions? options = null) =>
        MaximumMarginTest.Run(network, 1, Size, Size, options);

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void Of_two_linear_scores_it_is_the_sum_of_what_raises_their_difference(int seed)
    {
        var random = new Random(seed);
        var weight = new float[2, Size * Size];
        for (var i = 0; i < Size * Size; i++)
        {
            (weight[0, i], weight[1, i]) = ((float)random.NextDouble() - 0.5f, (float)random.NextDouble() - 0.5f);
        }

        using var network = Linear(weight, [0.5f, 0.2f]);
        var test = Run(network, new() { Steps = 1000, StepSize = 0.1 });
        for (var c = 0; c < 2; c++)
        {
            double[] differences = [.. Enumerable.Range(0, Size * Size).Select(i => (double)weight[c, i] - weight[1 - c, i])];
            Assert.Equal(differences.Sum(d => Math.Max(d, 0)) + (c == 0 ? 0.3 : -0.3), test.Margins[c], 1e-3);
            foreach (var (i, pixel) in test.Patterns[c].ToArray().Index())
            {
                Assert.True(Math.Abs(differences[i]) < 0.05 || Math.Abs(pixel - (differences[i] > 0 ? 1 : 0)) < 0.05);
            }
        }
    }

    [Fact]
    public void A_class_whose_margin_can_be_made_far_larger_than_that_of_others_is_suspected()
    {
        float[] weights = [2.1f, 1.9f, 2, 2.2f, 1.8f, 2.05f, 9, 1.95f, 2.15f, 2];
        using var network = OwnPixels(weights);
        var test = Run(network);
        Assert.All(test.Margins.Zip(weights), pair => Assert.Equal(pair.Second, pair.First, 0.02));
        Assert.Equal(6, test.Suspect);
        Assert.InRange(test.Outlier.PValue, 0, 1e-9);

        weights[6] = 2.1f;
        using var clean = OwnPixels(weights);
        Assert.InRange(Run(clean).Outlier.PValue, 0.1, 1);
    }

    [Theory]
    [InlineData(1e-3f)]
    [InlineData(1e3f)]
    public void The_scale_of_the_scores_changes_neither_patterns_nor_p_value(float factor)
    {
        float[] weights = [2.1f, 1.9f, 2, 2.2f, 1.8f, 2.4f];
        using var network = OwnPixels(weights);
        using var scaled = OwnPixels(Array.ConvertAll(weights, weight => factor * weight));
        var (test, other) = (Run(network), Run(scaled));
        Assert.All(test.Margins.Zip(other.Margins), pair => Assert.Equal(factor * pair.First, pair.Second, 1e-3 * pair.Second));
        Assert.Equal(test.Outlier.PValue, other.Outlier.PValue, 1e-2);
    }

    [Fact]
    public void The_patterns_are_images_and_have_the_margins_told()
    {
        using var network = new FastNet(new() { Width = 4, ClassCount = 5 });
        var test = MaximumMarginTest.Run(network, 3, 32, 32, new() { Starts = 3, Steps = 10 });
        Assert.Equal(5, test.Patterns.Count);
        Assert.InRange(test.Patterns.Range.Least, 0, 1);
        Assert.InRange(test.Patterns.Range.Most, 0, 1);
        var margins = test.Patterns.Score(network).LabelledMargins([0, 1, 2, 3, 4]);
        Assert.All(margins.Zip(test.Margins), pair => Assert.Equal(pair.First, pair.Second, 1e-4 * Math.Max(1, Math.Abs(pair.First))));
    }

    [Fact]
    public void It_leaves_the_network_as_it_was_and_no_tensor_behind()
    {
        using var network = OwnPixels([1, 2, 3, 4]);
        network.train();
        Run(network);
        Assert.Equal(0, LiveTensors.LeftBy(() => Run(network)));
        Assert.True(network.training);
        Assert.All(network.parameters(), parameter => Assert.True(parameter.requires_grad && parameter.grad is null));
    }

    [Fact]
    public void More_steps_never_lower_a_margin()
    {
        using var network = new FastNet(new() { Width = 4, ClassCount = 4 });
        double[][] margins = [.. new[] { 1, 5, 12 }.Select(steps => MaximumMarginTest.Run(
            network, 3, 32, 32, new() { Starts = 2, Steps = steps, Tolerance = 0 }).Margins.ToArray())];
        Assert.All(margins[0].Zip(margins[1]), pair => Assert.True(pair.First <= pair.Second));
        Assert.All(margins[1].Zip(margins[2]), pair => Assert.True(pair.First <= pair.Second));
        Assert.True(margins[0].Sum() < margins[2].Sum());
    }

    [Fact]
    public void Options_out_of_range_and_networks_of_one_score_are_refused()
    {
        using var network = OwnPixels([1, 2, 3, 4]);
        Assert.Throws<ArgumentOutOfRangeException>(() => Run(network, new() { Starts = 0 }));
        Assert.Throws<ArgumentOutOfRangeException>(() => Run(network, new() { Steps = 0 }));
        Assert.Throws<ArgumentOutOfRangeException>(() => Run(network, new() { StepSize = double.NaN }));
        Assert.Throws<ArgumentOutOfRangeException>(() => Run(network, new() { Tolerance = -1 }));
        Assert.Throws<ArgumentOutOfRangeException>(() => MaximumMarginTest.Run(network, 0, Size, Size));
        using var single = OwnPixels([1]);
        Assert.Contains("at least 2 scores", Assert.Throws<ArgumentException>(() => Run(single)).Message, StringComparison.Ordinal);
    }
}
