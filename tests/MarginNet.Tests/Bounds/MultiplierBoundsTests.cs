using MarginNet.Bounds;
using static TorchSharp.torch;

namespace MarginNet.Tests.Bounds;

public sealed class MultiplierBoundsTests
{
    private const double Slack = 1 + 1e-9;

    public static TheoryData<int[]> Shapes => [[3, 5, 4], [6, 7, 5, 3], [4, 3, 2, 3, 2], [2, 8, 1, 4]];

    [Theory]
    [MemberData(nameof(Shapes))]
    public void No_pattern_of_gates_exceeds_any_bound(int[] widths)
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(7);
        var chain = Chain(widths, generator);
        var bounds = MultiplierBounds.Compute(chain)!;
        var units = widths[1..^1].Sum();
        for (var pattern = 0; pattern < 1 << units; pattern++)
        {
            using var step = NewDisposeScope();
            var gates = tensor(Enumerable.Range(0, units).Select(unit => (double)((pattern >> unit) & 1)).ToArray());
            var jacobian = Product(chain, gates);
            Assert.True(DenseNormTests.LargestSingularValue(jacobian) <= bounds.Euclidean * Slack);
            for (var i = 0; i < widths[^1]; i++)
            {
                Assert.True(Norm(jacobian[i]) <= bounds.Scores[i] * Slack);
                for (var j = 0; j < i; j++)
                {
                    Assert.True(Norm(jacobian[i] - jacobian[j]) <= bounds.Pairs[i, j] * Slack);
                }
            }
        }
    }

    [Theory]
    [MemberData(nameof(Shapes))]
    public void It_is_never_above_the_product_of_the_norms_nor_above_the_constants_it_is_a_sum_of(int[] widths)
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(8);
        var chain = Chain(widths, generator);
        var bounds = MultiplierBounds.Compute(chain)!;
        Assert.True(bounds.Euclidean <= chain.Aggregate(1.0, (product, weight) => product * weight.Norm().Value) * (1 + 1e-6));
        var all = DenseBounds.Compute(chain).Min(constants => constants.Euclidean);
        Assert.True(bounds.Euclidean <= all * (1 + 1e-5));
        Assert.All(bounds.Scores, score => Assert.True(score <= bounds.Euclidean * (1 + 1e-6)));
        Assert.True(bounds.Pairs[0, 1] <= Math.Sqrt(2) * bounds.Euclidean * (1 + 1e-6));
        Assert.True(bounds.Pairs[0, 1] <= (bounds.Scores[0] + bounds.Scores[1]) * (1 + 1e-6));
    }

    [Fact]
    public void With_nonnegative_weights_it_is_the_truth()
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(9);
        var chain = Chain([3, 6, 5, 4], generator).ConvertAll(weight => weight.Abs());
        var truth = DenseNormTests.LargestSingularValue(Product(chain, ones(11, dtype: ScalarType.Float64)));
        Assert.InRange(MultiplierBounds.Compute(chain)!.Euclidean, truth, truth * (1 + 1e-5));
    }

    [Fact]
    public void One_hidden_unit_is_bounded_by_the_product_of_its_weights()
    {
        using var scope = NewDisposeScope();
        List<BoundedMatrix> chain =
        [
            new(tensor(new double[] { 3, -4 }).reshape(1, 2), 0),
            new(tensor(new double[] { 2, -1 }).reshape(2, 1), 0),
        ];
        var bounds = MultiplierBounds.Compute(chain)!;
        Assert.InRange(bounds.Euclidean, 5 * Math.Sqrt(5), 5 * Math.Sqrt(5) * (1 + 1e-5));
        Assert.InRange(bounds.Scores[0], 10, 10 * (1 + 1e-5));
        Assert.InRange(bounds.Pairs[0, 1], 15, 15 * (1 + 1e-5)); // (2 + 1)·5.
    }

    [Fact]
    public void A_bound_below_the_truth_is_proven_by_no_factors()
    {
        using var scope = NewDisposeScope();
        var one = eye(3, dtype: ScalarType.Float64);
        BoundedMatrix[] chain = [new(one, 0), new(2 * one, 0)];
        using var generator = new Generator(10);
        var balanced = full(3, Math.Sqrt(0.5), ScalarType.Float64); // diag 2 − 2/L and 2·½/L: tight at L = 2.
        Assert.True(MultiplierProof.Holds(chain, [balanced], 2 * (1 + 1e-9)));
        Assert.False(MultiplierProof.Holds(chain, [balanced], 2 * (1 - 1e-9)));
        for (var trial = 0; trial < 50; trial++)
        {
            var factors = (randn(3, ScalarType.Float64, generator: generator) / 4).exp() * balanced;
            Assert.False(MultiplierProof.Holds(chain, [factors], 2 * (1 - 1e-9)));
        }
    }

    [Fact]
    public void Factors_moved_off_and_weights_known_less_well_are_refused()
    {
        using var scope = NewDisposeScope();
        var one = eye(3, dtype: ScalarType.Float64);
        var factors = full(3, Math.Sqrt(0.5), ScalarType.Float64);
        var moved = factors.clone();
        moved[1] *= 1.01;
        Assert.False(MultiplierProof.Holds([new(one, 0), new(2 * one, 0)], [moved], 2 * (1 + 1e-6)));
        Assert.False(MultiplierProof.Holds([new(one, 1e-5), new(2 * one, 0)], [factors], 2 * (1 + 1e-6)));
        Assert.False(MultiplierProof.Holds([new(one, 0), new(2 * one, double.PositiveInfinity)], [factors], 2));
        Assert.False(MultiplierProof.Holds([new(one, 0), new(2 * one, 0)], [factors * double.NaN], 2));
    }

    [Fact]
    public void Dead_units_and_layers_of_any_size_keep_it_proven()
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(11);
        var chain = Chain([4, 6, 5, 3], generator);
        var expected = MultiplierBounds.Compute(chain)!.Euclidean;
        chain[0].Value[2] = zeros(4, dtype: ScalarType.Float64);
        chain[2].Value[.., 1] = zeros(3, dtype: ScalarType.Float64);
        Assert.InRange(MultiplierBounds.Compute(chain)!.Euclidean, 1e-3, expected * 2);
        var scaled = MultiplierBounds.Compute([.. chain.Select((weight, k) => weight.TimesPowerOfTwo(k == 1 ? -600 : 300))])!;
        Assert.Equal(MultiplierBounds.Compute(chain)!.Euclidean, scaled.Euclidean, 1e-9 * expected);
        Assert.Null(MultiplierBounds.Compute([new(zeros(2, 2, dtype: ScalarType.Float64), 0), chain[0]]));
    }

    [Fact]
    public void Of_a_chain_that_is_too_long_the_end_counts()
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(12);
        var chain = Chain([4, MultiplierBounds.MaxUnits, 5, 3], generator);
        var end = MultiplierBounds.Compute(chain[1..])!;
        var bounds = MultiplierBounds.Compute(chain)!;
        Assert.Equal(end.Euclidean * chain[0].Norm().Value, bounds.Euclidean, 1e-9 * bounds.Euclidean);
        Assert.Null(MultiplierBounds.Compute([.. Chain([4, MultiplierBounds.MaxUnits + 1, 3], generator)]));
    }

    private static List<BoundedMatrix> Chain(int[] widths, Generator generator) =>
        [.. widths.Zip(widths[1..], (inputs, outputs) =>
            new BoundedMatrix(randn([outputs, inputs], ScalarType.Float64, generator: generator), 0))];

    private static Tensor Product(List<BoundedMatrix> chain, Tensor gates)
    {
        var (product, at) = (chain[0].Value, 0);
        foreach (var weight in chain.Skip(1))
        {
            var end = at + (int)weight.Columns;
            product = (weight.Value * gates[at..end]).mm(product);
            at = end;
        }

        return product;
    }

    private static double Norm(Tensor vector) => vector.square().sum().sqrt().item<double>();
}
