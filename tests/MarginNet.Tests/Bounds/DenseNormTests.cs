using MarginNet.Bounds;
using static TorchSharp.torch;

namespace MarginNet.Tests.Bounds;

public sealed class DenseNormTests
{
    private const double SvdError = 1e-13; // LAPACK's own rounding, relative.

    [Fact]
    public void The_bound_is_never_below_the_largest_singular_value_and_close_to_it()
    {
        using var generator = new Generator(11);
        for (var trial = 0; trial < 200; trial++)
        {
            using var scope = NewDisposeScope();
            var (rows, columns, rank) = (1 + (trial * 7 % 40), 1 + (trial * 13 % 50), 1 + (trial % 5));
            var matrix = trial % 2 == 0
                ? randn(rows, columns, dtype: ScalarType.Float64, generator: generator)
                : randn(rows, rank, dtype: ScalarType.Float64, generator: generator)
                    .mm(randn(rank, columns, dtype: ScalarType.Float64, generator: generator));
            matrix = matrix * Math.Pow(10, (trial % 9 * 10) - 40);
            var truth = LargestSingularValue(matrix);
            Assert.InRange(OperatorNorm.Dense(matrix).Value, truth * (1 - SvdError), truth * (1 + 1e-6));
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(16)]
    [InlineData(64)]
    public void Norms_known_exactly_are_reached_from_above(int n)
    {
        using var scope = NewDisposeScope();
        var hadamard = ones(1, 1, dtype: ScalarType.Float64);
        for (var size = 1; size < n; size *= 2)
        {
            hadamard = cat([cat([hadamard, hadamard], 1), cat([hadamard, -hadamard], 1)], 0);
        }

        // All singular values equal: the slowest case.
        Assert.InRange(OperatorNorm.Dense(hadamard).Value, Math.Sqrt(n), Math.Sqrt(n) * (1 + 1e-6));
        Assert.InRange(OperatorNorm.Dense(ones(n, n)).Value, n, n * (1 + 1e-6));
        Assert.InRange(OperatorNorm.Dense(diag(arange(1, n + 1))).Value, n, n * (1 + 1e-6));
    }

    [Fact]
    public void A_matrix_of_zeros_has_norm_zero_and_the_bound_scales_with_the_matrix()
    {
        using var zero = zeros(3, 4);
        Assert.Equal(0, OperatorNorm.Dense(zero).Value);
        using var generator = new Generator(3);
        using var matrix = randn(9, 6, generator: generator);
        using var doubled = matrix * 4;
        Assert.Equal(4 * OperatorNorm.Dense(matrix).Value, OperatorNorm.Dense(doubled).Value, 1e-14 * OperatorNorm.Dense(doubled).Value);
    }

    [Fact]
    public void In_a_batch_the_largest_norm_counts()
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(5);
        var batch = complex(
            randn([20, 5, 7], ScalarType.Float64, generator: generator), randn([20, 5, 7], ScalarType.Float64, generator: generator));
        var truth = linalg.svdvals(batch).max().item<double>();
        Assert.InRange(GramIteration.LargestNorm(batch), truth * (1 - SvdError), truth * (1 + 1e-6));
    }

    [Theory]
    [InlineData(48, 60, 1)]
    [InlineData(90, 60, 70)]
    [InlineData(64, 64, 64)]
    public void Larger_matrices_are_bounded_by_a_factorization_as_tightly(int rows, int columns, int equal)
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(6);
        foreach (var scale in new[] { 1e-30, 1, 1e30 })
        {
            var batch = randn([3, rows, columns], ScalarType.Float64, generator: generator);
            var (u, s, v) = linalg.svd(batch, fullMatrices: false);
            s = where(arange(s.shape[1]) < equal, s.narrow(1, 0, 1), s); // So many equal leading singular values.
            batch = u.matmul(s.unsqueeze(1) * eye(s.shape[1], dtype: ScalarType.Float64)).matmul(v) * scale;
            var truth = linalg.svdvals(batch).max().item<double>();
            Assert.InRange(GramIteration.LargestNorm(batch), truth * (1 - SvdError), truth * (1 + 1e-5));
        }

        using var zero = zeros(2, rows, columns, dtype: ScalarType.Float64);
        Assert.Equal(0, GramIteration.LargestNorm(zero));
    }

    [Fact]
    public void A_product_of_matrices_carries_its_rounding()
    {
        using var scope = NewDisposeScope();
        var tenth = full(40, 40, 0.1, dtype: ScalarType.Float64);
        var squared = new BoundedMatrix(tenth, 0) * new BoundedMatrix(tenth, 0);
        Assert.True((decimal)squared.Norm().Value >= 1600 * 0.01m); // The double nearest to a tenth is above it.
        Assert.InRange(squared.Error, 1e-16, 1e-10);
        var blurred = new BoundedMatrix(tenth, 0.5);
        Assert.InRange((blurred * blurred).Norm().Value, 4.5 * 4.5, (4.5 * 4.5) + 1e-5);
        Assert.InRange((blurred + blurred).Norm().Value, 9, 9 + 1e-5);
    }

    [Fact]
    public void Weights_without_a_norm_are_refused()
    {
        using var scope = NewDisposeScope();
        Assert.Throws<ArgumentException>(() => OperatorNorm.Dense(ones(3)));
        Assert.Throws<ArgumentException>(() => OperatorNorm.Dense(ones(0, 3)));
        Assert.Contains(
            "NaN",
            Assert.Throws<ArgumentException>(() => OperatorNorm.Dense(tensor(new[,] { { 1.0, double.NaN } }))).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void No_tensor_is_left_behind()
    {
        using var matrix = randn(20, 30);
        OperatorNorm.Dense(matrix);
        Assert.Equal(0, LiveTensors.LeftBy(() => OperatorNorm.Dense(matrix)));
    }

    internal static double LargestSingularValue(Tensor matrix)
    {
        using var values = linalg.svdvals(matrix.to(ScalarType.Float64));
        return values.max().item<double>();
    }
}
