using MarginNet.Bounds;
using static TorchSharp.torch;

namespace MarginNet.Tests.Bounds;

public sealed class ConvolutionNormTests
{
    [Fact]
    public void For_all_strides_paddings_and_sizes_the_matrix_is_the_convolution_and_the_bounds_are_above_its_norm()
    {
        using var generator = new Generator(21);
        var count = 0;
        var sizes = from height in new[] { 1, 2, 3, 5, 8 } from width in new[] { 1, 4, 7, 8 } select (height, width);
        var steps = from stride in new[]
        {
            (1, 1), (2, 2), (3, 1), (2, 3),
        }
                    from padding in new[] { (0, 0), (1, 1), (2, 1), (4, 4) }
                    select (stride, padding);
        (int Height, int Width)[] kernels = [(1, 1), (2, 2), (3, 3), (3, 2), (5, 5)];
        foreach (var ((height, width), kernel, (stride, padding)) in from size in sizes
                                                                     from kernel in kernels
                                                                     from step in steps
                                                                     select (size,
            kernel, step))
        {
            using var scope = NewDisposeScope();
            var geometry = new ConvolutionGeometry(height, width) { Stride = stride, Padding = padding };
            if (geometry.Output(kernel.Height, kernel.Width) is (0, _) or (_, 0))
            {
                continue;
            }

            var weight = randn([1 + (count % 3), 1 + (count % 2), kernel.Height, kernel.Width], ScalarType.Float64, generator: generator);
            AssertSound(weight, geometry);
            count++;
        }

        Assert.InRange(count, 1000, 2000);
    }

    [Fact]
    public void Dilation_and_groups_are_part_of_the_map()
    {
        using var generator = new Generator(22);
        foreach (var (dilation, groups, stride) in from d in new[]
        {
            (1, 1), (2, 2), (3, 1),
        }
                                                   from g in new[] { 1, 2 }
                                                   from s in new[] { 1, 2 }
                                                   select (d, g, s))
        {
            using var scope = NewDisposeScope();
            var weight = randn([4, 2, 3, 2], ScalarType.Float64, generator: generator);
            AssertSound(weight, new(7, 8) { Dilation = dilation, Groups = groups, Stride = (stride, stride), Padding = (2, 1) });
        }
    }

    [Fact]
    public void On_larger_maps_the_bound_is_within_a_few_percent_of_the_norm()
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(23);
        foreach (var stride in new[] { 1, 2 })
        {
            var weight = randn([4, 3, 3, 3], ScalarType.Float64, generator: generator);
            var geometry = new ConvolutionGeometry(16, 16) { Padding = (1, 1), Stride = (stride, stride) };
            var truth = DenseNormTests.LargestSingularValue(Matrix(weight, geometry));
            var kernel = new ConvolutionKernel(weight, 0, geometry);
            Assert.Null(kernel.Matrix() is { } matrix && matrix.Columns > 1000 ? matrix : null);
            Assert.InRange(kernel.FrequencyNorm().Value, truth, truth * 1.06);
        }
    }

    [Fact]
    public void On_short_columns_frequencies_of_rows_are_closer_to_the_norm_than_those_of_both_axes()
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(27);
        for (var trial = 0; trial < 5; trial++)
        {
            var weight = randn([12, 11, 3, 3], ScalarType.Float64, generator: generator);
            var geometry = new ConvolutionGeometry(8, 8) { Padding = (1, 1) };
            var truth = DenseNormTests.LargestSingularValue(Matrix(weight, geometry));
            var kernel = new ConvolutionKernel(weight, 0, geometry);
            var (rows, both) = (kernel.RowNorm()!.Value, kernel.FrequencyNorm().Value);
            Assert.InRange(rows, truth, truth + (0.8 * (both - truth)));
            Assert.Equal("frequencies of rows", OperatorNorm.Convolution(kernel).Method);
        }

        Assert.Null(new ConvolutionKernel(ones([130, 4, 3, 3], ScalarType.Float64), 0, new(8, 8) { Padding = (1, 1) }).RowNorm());
    }

    [Fact]
    public void A_stride_of_the_kernels_size_makes_a_block_diagonal_map_of_the_reshaped_kernel()
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(24);
        var weight = randn([5, 3, 2, 2], generator: generator);
        var exact = DenseNormTests.LargestSingularValue(weight.reshape(5, 12));
        Assert.Equal(exact, OperatorNorm.Convolution(weight, new(64, 64) { Stride = (2, 2) }).Value, 1e-5 * exact);
    }

    [Fact]
    public void A_shift_has_norm_one_at_any_size()
    {
        using var scope = NewDisposeScope();
        var weight = zeros(3, 3, 3, 3);
        for (var c = 0; c < 3; c++)
        {
            weight[c, (c + 1) % 3, 0, 2] = tensor(1f);
        }

        Assert.InRange(OperatorNorm.Convolution(weight, new(40, 30) { Padding = (1, 1) }).Value, 1, 1 + 1e-6);
    }

    [Fact]
    public void An_entrywise_error_of_the_kernel_widens_the_bound()
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(25);
        var weight = randn([3, 2, 3, 3], ScalarType.Float64, generator: generator);
        var geometry = new ConvolutionGeometry(6, 6) { Padding = (1, 1) };
        var signs = randn([3, 2, 3, 3], ScalarType.Float64, generator: generator).sign();
        var truth = DenseNormTests.LargestSingularValue(Matrix(weight * (1 + (0.25 * signs)), geometry));
        var kernel = new ConvolutionKernel(weight, 0.25, geometry);
        Assert.True(kernel.FrequencyNorm().Value >= truth);
        Assert.True(kernel.RowNorm()!.Value >= truth);
        Assert.True(kernel.Matrix()!.Norm().Value >= truth);
    }

    [Fact]
    public void An_impossible_convolution_is_refused()
    {
        using var weight = ones(4, 2, 3, 3);
        Assert.Throws<ArgumentException>(() => OperatorNorm.Convolution(weight, new(0, 8)));
        Assert.Throws<ArgumentException>(() => OperatorNorm.Convolution(weight, new(8, 8) { Stride = (0, 1) }));
        Assert.Throws<ArgumentException>(() => OperatorNorm.Convolution(weight, new(8, 8) { Padding = (-1, 1) }));
        Assert.Throws<ArgumentException>(() => OperatorNorm.Convolution(weight, new(8, 8) { Groups = 3 }));
        Assert.Throws<ArgumentException>(() => OperatorNorm.Convolution(weight.reshape(8, 9), new(8, 8)));
    }

    private static void AssertSound(Tensor weight, ConvolutionGeometry geometry)
    {
        var expected = Matrix(weight, geometry);
        var kernel = new ConvolutionKernel(weight, 0, geometry);
        var matrix = kernel.Matrix()!;
        Assert.True(matrix.Value.Equals(expected), geometry.ToString());
        var truth = DenseNormTests.LargestSingularValue(expected);
        var frequencies = kernel.FrequencyNorm().Value;
        Assert.True(frequencies >= truth * (1 - 1e-13), $"{frequencies} < {truth}: {geometry}");
        var rows = kernel.RowNorm()?.Value;
        Assert.Equal(geometry.Stride == (1, 1) && geometry.Height <= 8, rows is not null);
        Assert.InRange(rows ?? frequencies, truth * (1 - 1e-13), (frequencies * (1 + 2e-6)) + 1e-100);
        Assert.InRange(Math.Min(frequencies, matrix.Norm().Value), truth * (1 - 1e-13), (truth * (1 + 1e-6)) + 1e-100);
    }

    /// <summary>The convolution as LibTorch computes it, on every unit vector.</summary>
    internal static Tensor Matrix(Tensor weight, ConvolutionGeometry geometry)
    {
        var channels = weight.shape[1] * geometry.Groups;
        var size = channels * geometry.Height * geometry.Width;
        var (s, p, d) = (geometry.Stride, geometry.Padding, geometry.Dilation);
        var images = nn.functional.conv2d(
            eye(size, dtype: ScalarType.Float64).reshape(size, channels, geometry.Height, geometry.Width),
            weight,
            strides: [s.Vertical, s.Horizontal],
            padding: [p.Vertical, p.Horizontal],
            dilation: [d.Vertical, d.Horizontal],
            groups: geometry.Groups);
        return images.flatten(1).t();
    }
}
