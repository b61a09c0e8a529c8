using MarginNet.Bounds;
using MarginNet.Data;
using MarginNet.Lipschitz;
using MarginNet.Margins;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace MarginNet.Tests.Lipschitz;

public sealed class SpectralComplexityTests
{
    private static readonly double[,] First = { { 3, 0 }, { 0, 4 } }; // ‖A‖ = 4, ‖Aᵀ‖₂,₁ = 7
    private static readonly double[,] Second = { { 6, 8 }, { 0, 0 } }; // ‖A‖ = 10 = ‖Aᵀ‖₂,₁

    [Fact]
    public void A_network_computed_by_hand()
    {
        using var scope = NewDisposeScope();
        var complexity = SpectralComplexity.Compute(Network(First, Second), new(2));
        var expected = 4 * 10 * Math.Pow(Math.Pow(7.0 / 4, 2.0 / 3) + Math.Pow(10.0 / 10, 2.0 / 3), 1.5);
        Assert.Equal(expected, complexity.Value.Value, 1e-5 * expected); // Norms are bounds to about 1e-6.
        Assert.True(complexity.Value.Value >= expected);
        Assert.Equal(Math.Log10(expected), complexity.Log10, 1e-5);
        Assert.Equal([7, 0, 10], complexity.Layers.Select(layer => Math.Round(layer.Distance.Value, 9)));
        Assert.Equal([4, 1, 10], complexity.Layers.Select(layer => Math.Round(layer.Norm.Value, 4)));
    }

    [Fact]
    public void A_factor_that_moves_through_a_ReLU_changes_nothing_and_one_of_the_scores_leaves_normalized_margins_as_they_are()
    {
        using var scope = NewDisposeScope();
        manual_seed(5);
        var (network, images) = (RandomNetworks.Dense(4, 6, 3), Images(20, 2, 2, 1));
        network.to(ScalarType.Float64);
        var (complexity, margins) = Margins(network, images);
        Scale(network, 8, "0.weight", "0.bias");
        Scale(network, 1.0 / 8, "2.weight");
        var (moved, same) = Margins(network, images);
        Assert.Equal(complexity.Log10, moved.Log10, 1e-5);
        Assert.Equal(margins.Length, same.Length);
        Assert.All(margins.Zip(same), pair => Assert.Equal(pair.First, pair.Second, 1e-5 * Math.Abs(pair.First)));
        Scale(network, 16, "2.weight", "2.bias");
        var (larger, still) = Margins(network, images);
        Assert.Equal(16, larger.Value.Value / moved.Value.Value, 1e-4);
        Assert.All(margins.Zip(still), pair => Assert.Equal(pair.First, pair.Second, 1e-5 * Math.Abs(pair.First)));
    }

    [Fact]
    public void The_norm_of_a_convolution_is_that_of_its_matrix()
    {
        using var scope = NewDisposeScope();
        using var inference = no_grad();
        manual_seed(6);
        var input = new FeatureShape(4, 5, 6);
        foreach (var (stride, padding, dilation, groups) in new[] { (1, 0, 1, 1), (1, 1, 1, 1), (2, 1, 1, 2), (1, 2, 2, 4), (3, 2, 1, 1) })
        {
            var weight = randn(8, 4 / groups, 3, 2, dtype: ScalarType.Float64);
            var steps = new ConvolutionGeometry(5, 6)
            {
                Stride = (stride, 1),
                Padding = (padding, 1),
                Dilation = (dilation, 1),
                Groups = groups,
            };
            var convolution = new ConvolutionLayer("conv", weight, 0, steps);
            var matrix = convolution.Matrix(input)!.Value;
            Assert.Equal(Rows(matrix), Distance(convolution, input), 1e-9 * Rows(matrix));
            var transposed = new TransposedConvolutionLayer("up", convolution, input);
            Assert.Equal(Rows(matrix.t()), Distance(transposed, convolution.Output(input)), 1e-9 * Rows(matrix));
        }
    }

    [Fact]
    public void A_batch_norm_is_part_of_the_convolution_before_it()
    {
        using var scope = NewDisposeScope();
        manual_seed(7);
        var (network, input) = RandomNetworks.Create(0);
        var complexity = SpectralComplexity.Compute(network, input);
        Assert.Equal("0 + 1", complexity.Layers[0].Name);
        var plain = nn.Sequential(nn.Conv2d(2, 3, 3, padding: 1, dtype: ScalarType.Float64), nn.Flatten());
        using (no_grad())
        {
            var (convolution, norm) = ((Conv2d)network[0], (BatchNorm2d)network[1]);
            var factors = norm.weight! / (norm.running_var! + 1e-5).sqrt();
            ((Conv2d)plain[0]).weight!.copy_(convolution.weight! * factors.reshape(-1, 1, 1, 1));
        }

        var expected = SpectralComplexity.Compute(plain, input).Layers[0];
        Assert.Equal(expected.Distance.Value, complexity.Layers[0].Distance.Value, 1e-9 * expected.Distance.Value);
        Assert.Equal(expected.Norm.Value, complexity.Layers[0].Norm.Value, 1e-5 * expected.Norm.Value);
    }

    [Fact]
    public void A_residual_block_carries_its_input_past_its_layers_and_the_identity_is_their_reference()
    {
        using var scope = NewDisposeScope();
        var body = new Layer[] { Dense("in", First), ActivationLayer.Relu("relu"), Dense("out", new[,] { { 0.5, 0 }, { 0, 0.25 } }) };
        var layers = SpectralLayers.Of([new ResidualLayer("block", body, [])], new(2)).ToArray();
        Assert.Equal([0, 7, 0, 0.75, 0], layers.Select(layer => Math.Round(layer.Distance.Value, 9)));
        Assert.Equal(
            [Math.Sqrt(2), 4, 1, 1, Math.Sqrt(2)],
            layers.Select(layer => layer.Norm.Value),
            (left, right) => Math.Abs(left - right) < 1e-4);

        // The chain they are of computes the block.
        var (x, one) = (randn(2, 5, dtype: ScalarType.Float64), eye(2, dtype: ScalarType.Float64));
        var (w, v) = (((LinearLayer)body[0]).Weight.Value, ((LinearLayer)body[2]).Weight.Value);
        var carried = block_diag(one, w).mm(cat([x, x]));
        var gated = cat([carried[..2], carried[2..].relu()]);
        var sum = cat([one, one], 1).mm(block_diag(one, v).mm(gated));
        Assert.True(allclose(x + v.mm(w.mm(x).relu()), sum));
    }

    [Fact]
    public void A_residual_layer_of_LipNet_is_two_matrices_with_the_rows_and_the_columns_of_its_map()
    {
        using var scope = NewDisposeScope();
        manual_seed(8);
        var convolution = new ConvolutionLayer(
            "conv", randn(5, 2, 3, 3, dtype: ScalarType.Float64), 0, new ConvolutionGeometry(4, 6) { Padding = (1, 1) });
        var dense = new LinearLayer("dense", new(randn(7, 3, dtype: ScalarType.Float64), 0));
        foreach (var (map, input) in new (Layer Map, FeatureShape Input)[] { (convolution, new(2, 4, 6)), (dense, new(3)) })
        {
            var layers = SpectralLayers.Of([new SllLayer("sll", map)], input).ToArray();
            var (matrix, carried) = (map.Matrix(input)!.Value, eye(input.Count, dtype: ScalarType.Float64));
            Assert.Equal(Rows(matrix), layers[0].Distance.Value, 1e-9 * Rows(matrix));
            Assert.Equal(Rows(matrix.t()), layers[1].Distance.Value, 1e-9 * Rows(matrix));
            var norm = linalg.norm(cat([carried, matrix]), 2).item<double>();
            Assert.All(layers, layer => Assert.InRange(layer.Norm.Value, norm * (1 - 1e-12), norm * 1.5)); // Of a larger circular grid.
        }
    }

    [Fact]
    public void The_unit_is_the_complexity_times_the_length_of_the_images_less_the_mean_over_their_number()
    {
        using var scope = NewDisposeScope();
        var images = Images(30, 3, 4, 4);
        var network = new MarginNet.Models.LipNet(new()
        {
            Width = 12,
            ImageSize = (4, 4),
            Normalization = new([0.25, 0.5, 0.75], [0.2, 0.2, 0.2]),
        });
        var complexity = SpectralComplexity.Compute(network, new(3, 4, 4));
        var mean = tensor(new[] { 0.25, 0.5, 0.75 }).reshape(1, 3, 1, 1);
        var length = (images.ToTensor([.. Enumerable.Range(0, 30)], CPU).to(ScalarType.Float64) - mean).norm().item<double>();
        Assert.Equal(complexity.Value.Value * length / 30, complexity.MarginUnit(images), 1e-6 * complexity.MarginUnit(images));
        Assert.Throws<ArgumentException>(() => complexity.MarginUnit(Images(2, 1, 4, 4)));
        var scores = new ScoreMatrix([1, 4, 2, 5, 3, 2], 3);
        Assert.Equal([1, -1.5], SpectralComplexity.NormalizedMargins(scores, [1, 2], 2));
        Assert.Throws<ArgumentException>(() => SpectralComplexity.NormalizedMargins(scores, [1, 2], 0));
    }

    [Fact]
    public void An_unknown_layer_is_refused_by_its_name()
    {
        using var scope = NewDisposeScope();
        var network = nn.Sequential(("dense", nn.Linear(2, 2)), ("gate", nn.Softmax(1)));
        Assert.Contains(
            "'gate'", Assert.Throws<NotSupportedException>(() => SpectralComplexity.Compute(network, new(2))).Message,
            StringComparison.Ordinal);
    }

    private static (SpectralComplexity Complexity, double[] Margins) Margins(Sequential network, ImageSet images)
    {
        using var inference = no_grad();
        var shape = new FeatureShape(images.Channels, images.Height, images.Width);
        var complexity = SpectralComplexity.Compute(nn.Sequential(nn.Flatten(), network), shape);
        var pixels = images.ToTensor([.. Enumerable.Range(0, images.Count)], CPU).flatten(1).to(ScalarType.Float64);
        var scores = new ScoreMatrix(network.forward(pixels).to(ScalarType.Float32).data<float>().ToArray(), 3);
        return (complexity, SpectralComplexity.NormalizedMargins(scores, images.Labels, complexity.MarginUnit(images)));
    }

    private static ImageSet Images(int count, int channels, int height, int width)
    {
        var (pixels, random) = (new byte[count * channels * height * width], new Random(3));
        random.NextBytes(pixels);
        return ImageSet.Create(pixels, [.. Enumerable.Range(0, count).Select(i => i % 3)], channels, height, width);
    }

    private static void Scale(Sequential network, double factor, params string[] names)
    {
        using var inference = no_grad();
        foreach (var (_, parameter) in network.named_parameters().Where(entry => names.Contains(entry.name)))
        {
            parameter.mul_(factor);
        }
    }

    private static Sequential Network(params double[][,] weights)
    {
        var layers = new List<nn.Module<Tensor, Tensor>>();
        foreach (var weight in weights)
        {
            var linear = nn.Linear(weight.GetLength(1), weight.GetLength(0), dtype: ScalarType.Float64);
            using (no_grad())
            {
                linear.weight!.copy_(tensor(weight));
            }

            layers.AddRange([linear, nn.ReLU()]);
        }

        return nn.Sequential([.. layers[..^1]]);
    }

    private static LinearLayer Dense(string name, double[,] weight) => new(name, new(tensor(weight), 0));

    private static double Rows(Tensor matrix) => matrix.square().sum([1]).sqrt().sum().item<double>();

    private static double Distance(Layer layer, FeatureShape input) => SpectralLayers.Of([layer], input).Single().Distance.Value;
}
