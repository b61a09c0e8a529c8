using MarginNet.Bounds;
using MarginNet.Certificates;
using MarginNet.Lipschitz;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace MarginNet.Tests.Lipschitz;

/// <summary>No bound is below the truth, however small or large the weights are.</summary>
public sealed class ScaleTests
{
    public static TheoryData<double> Sizes =>
        [double.Epsilon, 3e-323, 1e-310, 1e-300, 1e-200, 1e-170, 1e-150, 1, 1e150, 1e170, 1e200, 1e300];

    [Theory]
    [MemberData(nameof(Sizes))]
    public void The_norm_of_a_multiple_of_the_identity_is_that_multiple(double size)
    {
        using var scope = NewDisposeScope();
        foreach (var n in new[] { 1, 7, 64 })
        {
            AssertJustAbove(size, OperatorNorm.Dense(size * eye(n, dtype: ScalarType.Float64)));
        }
    }

    [Theory]
    [MemberData(nameof(Sizes))]
    public void The_norm_of_a_convolution_grows_with_its_kernel(double size)
    {
        using var scope = NewDisposeScope();
        AssertJustAbove(size, OperatorNorm.Convolution(full([1, 1, 1, 1], size, ScalarType.Float64), new(8, 8)));
        var groups = zeros(3, 1, 3, 3, dtype: ScalarType.Float64);
        groups[0, 0, 1, 1] = tensor(size); // Beside groups that are zero, or smaller still.
        groups[1, 0, 0, 0] = tensor(size * 1e-8);
        foreach (var geometry in new ConvolutionGeometry[] { new(40, 40), new(5, 5) })
        {
            AssertJustAbove(size, OperatorNorm.Convolution(groups, geometry with { Groups = 3, Padding = (1, 1) }));
            var kernel = new ConvolutionKernel(full([1, 1, 1, 1], size, ScalarType.Float64), 0.25, geometry);
            Assert.True(kernel.FrequencyNorm().Value >= 1.25 * size);
            Assert.True((kernel.Matrix()?.Norm().Value ?? double.PositiveInfinity) >= 1.25 * size);
        }
    }

    [Fact]
    public void Norms_of_rows_of_all_sizes_are_each_above_the_truth_and_zero_for_zeros_alone()
    {
        using var scope = NewDisposeScope();
        double[] sizes = [0, double.Epsilon, 1e-320, 1e-200, 1, 1e160, 1e307];
        var rows = tensor(sizes).unsqueeze(1) * tensor(new double[] { 1, -2, 2 });
        Assert.All(FrobeniusNorm.OfEach(rows).Zip(sizes), pair =>
        {
            var (norm, size) = pair;
            Assert.InRange(norm, 3 * size, (3 * size * (1 + 1e-13)) + (size > 0 ? 3 * double.Epsilon : 0));
        });
        Assert.All(FrobeniusNorm.OfEach(complex(rows, rows)).Zip(sizes), pair => Assert.True(pair.First >= 4.2 * pair.Second));
        Assert.Equal(double.PositiveInfinity, FrobeniusNorm.Of(tensor([1, double.NaN])));
        Assert.Equal(double.PositiveInfinity, FrobeniusNorm.Of(tensor([1, double.NegativeInfinity])));
    }

    [Fact]
    public void A_product_of_matrices_that_underflows_or_overflows_is_still_bounded_from_above()
    {
        using var scope = NewDisposeScope();
        var one = eye(4, dtype: ScalarType.Float64);
        foreach (var (left, right) in from l in Exponents() from r in Exponents() select (l, r))
        {
            var (a, b) = (new BoundedMatrix(one * Math.ScaleB(1, left), 0), new BoundedMatrix(one * Math.ScaleB(1, right), 0));
            var product = (a * b).Norm().Value;
            Assert.True(product > 0 && product >= Math.ScaleB(1, left + right));
            Assert.True((a + b).Norm().Value >= Math.ScaleB(1, left) + Math.ScaleB(1, right));
            Assert.True(a.TimesPowerOfTwo(right).Norm().Value >= Math.ScaleB(1, left + right) && a.TimesPowerOfTwo(-1000).Norm().Value > 0);
            Assert.True(a.TimesPowerOfTwo(-left).Norm().Value >= 1);
        }

        // Each of their products is lost.
        var (rows, columns) = (full([40, 40], 1e-200, ScalarType.Float64), full([40, 40], 2e-124, ScalarType.Float64));
        Assert.True((new BoundedMatrix(rows, 0) * new BoundedMatrix(columns, 0)).Norm().Value >= 1600 * 0.4 * double.Epsilon);
        Assert.Equal(0, (new BoundedMatrix(0 * one, 0) * new BoundedMatrix(one * 1e-300, 0)).Norm().Value);
        Assert.Equal(
            double.PositiveInfinity,
            (new BoundedMatrix(one - (one * 1e300), 0) * new BoundedMatrix(ones_like(one) * 1e300, 0)).Norm().Value);

        static IEnumerable<int> Exponents() => [-1074, -1030, -700, -520, 0, 510, 700, 1000];
    }

    [Fact]
    public void A_kernel_of_numbers_of_a_few_digits_is_bounded_as_its_multiple_is()
    {
        using var generator = new Generator(83);
        foreach (var stride in new[] { 1, 2 })
        {
            using var scope = NewDisposeScope();
            var weight = randint(-3, 4, [4, 4, 3, 3], ScalarType.Float64, generator: generator);
            var geometry = new ConvolutionGeometry(12, 12) { Padding = (1, 1), Stride = (stride, stride) };
            var expected = new ConvolutionKernel(weight, 0, geometry).FrequencyNorm().Value;
            var bound = new ConvolutionKernel(weight * double.Epsilon, 0, geometry).FrequencyNorm().Value;
            Assert.InRange(bound, Math.Floor(expected) * double.Epsilon, Math.Ceiling(expected + 1) * double.Epsilon);
        }
    }

    [Fact]
    public void Convolutions_and_scales_that_multiply_to_no_number_on_the_way_are_bounded_as_closely()
    {
        using var scope = NewDisposeScope();
        using var inference = no_grad();
        var (first, second) = (nn.BatchNorm2d(4), nn.BatchNorm2d(4));
        var (groups, convolution) = (nn.Conv2d(4, 4, 3, groups: 2), nn.Conv2d(4, 4, 3)); // Groups take no factors of their inputs.
        var network = nn.Sequential(first, second, groups, nn.ReLU(), convolution, nn.ReLU(), nn.Flatten(), nn.Linear(16, 3))
            .to(ScalarType.Float64);
        var expected = LipschitzBounds.Compute(network, new(4, 6, 6));
        foreach (var (weight, exponent) in new[]
        {
            (first.weight, -600),
            (second.weight, -600),
            (groups.weight, 600),
            (convolution.weight, 600),
        })
        {
            weight.copy_(PowerOfTwo.Times(weight, exponent));
        }

        var bounds = LipschitzBounds.Compute(network, new(4, 6, 6));
        Assert.Equal(expected.Euclidean.Value, bounds.Euclidean.Value, 1e-9 * expected.Euclidean.Value);
        Assert.Equal(expected.Pair(0, 1).Value, bounds.Pair(0, 1).Value, 1e-9 * expected.Pair(0, 1).Value);
    }

    [Fact]
    public void A_network_of_tiny_and_huge_layers_is_bounded_by_what_it_does()
    {
        using var scope = NewDisposeScope();
        using var inference = no_grad();
        foreach (var (first, second) in new[] { (1e-200, 1e200), (1e200, 1e-200), (1e-300, 1e300), (1e-170, 1e170) })
        {
            var one = eye(3, dtype: ScalarType.Float64);
            var network = nn.Sequential(Dense(first * one), nn.ReLU(), Dense(second * one), nn.ReLU());
            var bounds = LipschitzBounds.Compute(network, new(3));
            AssertJustAbove(first * second, bounds.Euclidean);
            AssertJustAbove(first, bounds.Layers[0].Bound);
            AssertJustAbove(second, bounds.Layers[^1].Bound);
            Assert.InRange(CertifiedRadius.Compute([1.0, 0, 0], [1.0, 0, 0], bounds).Radius, 0.7, 1 / Math.Sqrt(2));
        }
    }

    [Fact]
    public void Bounds_that_are_no_numbers_are_infinite_and_none_is_zero_unless_the_map_is()
    {
        using var scope = NewDisposeScope();
        using var inference = no_grad();
        var one = eye(3, dtype: ScalarType.Float64);
        foreach (var size in new[] { 1e-300, 1e-170, 1e170, 1e300 })
        {
            var bounds = LipschitzBounds.Compute(
                nn.Sequential(Dense(size * one), nn.ReLU(), Dense(size * one), nn.Tanh(), Dense(size * one)), new(3));
            double[] all = [bounds.Scores.Value, bounds.Euclidean.Value, bounds.Pair(0, 1).Value];
            Assert.All(all, bound => Assert.True(size < 1 ? bound is > 0 and < 1e-300 : double.IsPositiveInfinity(bound)));
        }

        var constant = nn.Sequential(Dense(1e300 * one), nn.ReLU(), Dense(0 * one), nn.ReLU(), Dense(1e300 * one));
        Assert.Equal(0, LipschitzBounds.Compute(constant, new(3)).Scores.Value);
    }

    [Fact]
    public void Powers_of_two_that_cancel_between_the_layers_change_no_bound()
    {
        const int Largest = 900; // Two of them multiply to no number.
        var random = new Random(81);
        for (var trial = 0; trial < 24; trial++)
        {
            using var scope = NewDisposeScope();
            using var inference = no_grad();
            manual_seed(trial);
            var (network, input) = RandomNetworks.Create(trial);
            var expected = LipschitzBounds.Compute(network, input);
            Parameter[] weights =
            [
                .. network.modules().Select(module => module switch
                {
                    Linear linear => linear.weight,
                    Conv2d convolution => convolution.weight,
                    BatchNorm normalization => normalization.weight,
                    _ => null,
                }).OfType<Parameter>(),
            ];
            var exponents = Array.ConvertAll(weights, _ => random.Next(-Largest, Largest + 1));
            for (var k = 0; k < weights.Length; k++)
            {
                exponents[k] += Math.Clamp(-exponents.Sum(), -Largest - exponents[k], Largest - exponents[k]);
                weights[k].copy_(PowerOfTwo.Times(weights[k], exponents[k]));
            }

            Assert.Equal(0, exponents.Sum());

            var bounds = LipschitzBounds.Compute(network, input);
            var isSplit = trial % 8 is 0 or 1 or 2 or 4 or 6; // A batch-norm that cannot be folded costs tightness, not soundness.
            AssertLike(expected.Scores, bounds.Scores, isSplit);
            AssertLike(expected.Euclidean, bounds.Euclidean, isSplit);
            AssertLike(expected.Pair(0, 1), bounds.Pair(0, 1), isSplit);
        }
    }

    [Fact]
    public void Rescaled_hidden_units_leave_the_scores_as_they_are_and_the_bounds_above_what_they_do()
    {
        var random = new Random(82);
        for (var trial = 0; trial < 8; trial++)
        {
            using var scope = NewDisposeScope();
            using var inference = no_grad();
            manual_seed(trial);
            var network = RandomNetworks.Dense(6, 9, 60, 8, 4).to(ScalarType.Float64);
            var x = randn(300, 6, dtype: ScalarType.Float64);
            var y = x + (0.1 * randn(300, 6, dtype: ScalarType.Float64));
            var change = network.forward(x) - network.forward(y);
            var linear = network.children().OfType<Linear>().ToArray();
            for (var k = 0; k + 1 < linear.Length; k++)
            {
                // ReLU lets positive factors pass, and those of two are exact but for underflow.
                var span = trial % 2 == 0 ? 480 : 30;
                var exponents = Enumerable.Range(0, (int)linear[k].weight.shape[0]).Select(_ => random.Next(-span, span + 1)).ToArray();
                var factors = tensor(Array.ConvertAll(exponents, exponent => Math.ScaleB(1, exponent)));
                linear[k].weight.mul_(factors.unsqueeze(1));
                linear[k].bias!.mul_(factors);
                linear[k + 1].weight.mul_(1 / factors);
            }

            var bounds = LipschitzBounds.Compute(network, new(6));
            var rates = (change - change.mean([1], keepdim: true)) / (x - y).square().sum(1, keepdim: true).sqrt();
            Assert.True(rates.abs().max().item<double>() <= bounds.Scores.Value * (1 + 1e-9));
            Assert.True(rates.square().sum(1).sqrt().max().item<double>() <= bounds.Euclidean.Value * (1 + 1e-9));
            Assert.True((rates.select(1, 0) - rates.select(1, 3)).abs().max().item<double>() <= bounds.Pair(0, 3).Value * (1 + 1e-9));
            var seen = (change / (x - y).square().sum(1, keepdim: true).sqrt()).square().sum(1).sqrt().max().item<double>();
            var methods = DenseBounds.Compute([.. linear.Select(layer => new BoundedMatrix(layer.weight.detach(), 0))]).ToArray();
            Assert.All(methods, constants => Assert.True(seen <= constants.Euclidean * (1 + 1e-9), constants.Method));
            Assert.Equal(5, methods.Length);
        }
    }

    [Theory]
    [InlineData(1e-300, 1e300, 1e-200, 1e-200)]
    [InlineData(1e-300, 1e-300, 1e-300, 1e300)]
    [InlineData(1e300, 1e-300, 1e300, 1e-300)]
    [InlineData(1e-160, 1e-300, 1, 1e-310)]
    [InlineData(1e-200, 1, 1e300, 1e-290)]
    public void A_batch_norm_of_any_size_is_part_of_the_map(double weight, double variance, double before, double behind)
    {
        using var scope = NewDisposeScope();
        using var inference = no_grad();
        var one = eye(3, dtype: ScalarType.Float64);
        var normalization = nn.BatchNorm1d(3, eps: 0, dtype: ScalarType.Float64);
        normalization.weight.fill_(weight);
        normalization.running_var!.fill_(variance);
        var convolution = nn.Conv2d(3, 3, 1, bias: false, dtype: ScalarType.Float64);
        convolution.weight.copy_((before * one).reshape(3, 3, 1, 1));
        var image = nn.BatchNorm2d(3, eps: 0, dtype: ScalarType.Float64);
        image.weight.fill_(weight);
        image.running_var!.fill_(variance);
        Sequential[] networks =
        [
            nn.Sequential(Dense(before * one), normalization, nn.ReLU(), Dense(behind * one), nn.ReLU()),
            nn.Sequential(normalization, Dense(before * one), nn.ReLU(), Dense(behind * one), nn.ReLU()),
            nn.Sequential(convolution, image, nn.ReLU(), nn.Flatten(), Dense(behind * one), nn.ReLU()),
        ];
        var exponent = Math.Log2(weight) - (Math.Log2(variance) / 2) + Math.Log2(before) + Math.Log2(behind);
        foreach (var network in networks)
        {
            var bound = LipschitzBounds.Compute(network, network[0] is Conv2d ? new(3, 1, 1) : new(3)).Euclidean;
            Assert.True(
                bound.Value > 0 && bound.Log10 >= Math.Max(-324, exponent * Math.Log10(2)) - 1e-9,
                $"{bound.Log10} < {exponent * Math.Log10(2)}");
        }
    }

    [Fact]
    public void A_residual_block_of_tiny_and_huge_layers_is_bounded_from_above()
    {
        using var scope = NewDisposeScope();
        var one = eye(4, dtype: ScalarType.Float64);
        foreach (var (first, second) in new[] { (1e-200, 1e200), (1e-300, 1e-300), (1e200, 1e-200), (1e-160, 1e160) })
        {
            Layer[] body =
            [
                new LinearLayer("a", new(first * one, 0)),
                ActivationLayer.Relu("r"),
                new LinearLayer("b", new(second * one, 0)),
            ];
            var (bound, _) = new ResidualLayer("block", body, []).Bound(new(4));
            Assert.InRange(bound.Value, 1 + (first * second), 1 + (first * second * (1 + 1e-6)) + 1e-12);
        }
    }

    [Fact]
    public void Products_of_bounds_never_round_to_zero_and_radii_never_up()
    {
        Assert.True(Rounding.ProductUp(double.Epsilon, double.Epsilon) > 0);
        Assert.True(Rounding.QuotientUp(double.Epsilon, double.MaxValue) > 0);
        Assert.True(Rounding.ScaleUp(1, -5000) > 0);
        Assert.Equal(double.PositiveInfinity, Rounding.ScaleUp(1, 5000));
        Assert.Equal(double.PositiveInfinity, Rounding.ProductUp(1e300, 1e300));
        Assert.Equal(0, Rounding.QuotientDown(double.Epsilon, double.MaxValue));
        Assert.Equal(double.MaxValue, Rounding.QuotientDown(1e300, 1e-300)); // The truth is 1e600.
        Assert.Equal(0, Rounding.QuotientDown(1, double.PositiveInfinity));
        Assert.Equal(0, Rounding.QuotientDown(double.PositiveInfinity, double.PositiveInfinity));
        foreach (var value in new[] { double.Epsilon, 1e-310, 1e-300, 1.5, 1e300, double.MaxValue })
        {
            Assert.InRange(PowerOfTwo.Below(value) * (1 / PowerOfTwo.Below(value)), 1, 1);
            Assert.InRange(value / PowerOfTwo.Below(value), Math.ScaleB(1, -52), 4);
        }
    }

    private static Linear Dense(Tensor weight)
    {
        var linear = nn.Linear(weight.shape[1], weight.shape[0], hasBias: false, dtype: ScalarType.Float64);
        linear.weight.copy_(weight);
        return linear;
    }

    private static void AssertLike(UpperBound expected, UpperBound bound, bool isLooser) =>
        Assert.InRange(bound.Value, expected.Value * (1 - 1e-6), expected.Value * (isLooser ? 100 : 1 + 1e-6));

    private static void AssertJustAbove(double truth, UpperBound bound) =>
        Assert.InRange(bound.Value, truth, (truth * (1 + 1e-6)) + (8 * double.Epsilon));
}
