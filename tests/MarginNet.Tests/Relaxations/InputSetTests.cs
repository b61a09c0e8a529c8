using MarginNet.Relaxations;
using static TorchSharp.torch;
using Tensor = TorchSharp.torch.Tensor;

namespace MarginNet.Tests.Relaxations;

/// <summary>Laws of sets of inputs.</summary>
public sealed class InputSetTests
{
    [Theory]
    [InlineData(true, true)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(false, false)]
    public void The_minimum_over_a_ball_is_below_what_is_attained_and_no_lower_than_it_has_to_be(bool isEuclidean, bool isCut)
    {
        using var scope = NewDisposeScope();
        foreach (var radius in new[] { 0, 1e-9, 0.01, 0.3, 2, 50 })
        {
            foreach (var size in new[] { 1, 3, 40 })
            {
                using var trial = NewDisposeScope();
                var center = rand(4, size, ScalarType.Float64);
                center[0] = 0;
                center[1] = 1;
                var coefficients = randn(6, 4, size, ScalarType.Float64);
                coefficients[0] = 0;
                coefficients[1] *= rand(size).gt(0.5);
                coefficients[2] = coefficients[2].sign(); // Alike.
                coefficients[3] *= 1e6;
                var set = new BallSet(center, full(4, radius, dtype: ScalarType.Float64), isEuclidean, isCut);
                var least = set.Minimum(coefficients);
                var found = set.Minimizer(coefficients);
                var change = found - center;
                var length = isEuclidean ? change.norm(-1) : change.abs().sum(-1);
                Assert.True(length.max().item<double>() <= radius + 1e-12);
                Assert.True(!isCut || (found.min().item<double>() >= 0 && found.max().item<double>() <= 1));
                var exact = Exact(coefficients, center, radius, isEuclidean, isCut);
                var scale = (coefficients.abs() * (center.abs() + Math.Min(radius, 1))).sum(-1) + 1e-12;
                var gap = exact - least;
                Assert.True(gap.ge(scale * -1e-13).all().item<bool>(), $"{radius}, {size}: above by {-gap.min().item<double>()}");
                Assert.True(gap.le((scale * 1e-6) + 1e-15).all().item<bool>(), $"{radius}, {size}: below by {gap.max().item<double>()}");
                Assert.True(((coefficients * found).sum(-1) - exact).le(scale * 1e-6).all().item<bool>());
            }
        }
    }

    [Fact]
    public void The_minimum_over_a_box_is_at_a_corner()
    {
        using var scope = NewDisposeScope();
        var lower = randn(3, 7, ScalarType.Float64);
        var upper = lower + rand(3, 7, ScalarType.Float64);
        var set = new BoxSet(lower, upper);
        var coefficients = randn(5, 3, 7, ScalarType.Float64);
        var attained = (coefficients * set.Minimizer(coefficients)).sum(-1);
        Assert.True((attained - set.Minimum(coefficients)).abs().max().item<double>() < 1e-13);
        var corner = where(coefficients.gt(0), coefficients * lower, coefficients * upper).sum(-1);
        Assert.True((attained - corner).abs().max().item<double>() < 1e-13);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void The_minimum_is_differentiable(bool isCut)
    {
        using var scope = NewDisposeScope();
        foreach (var isEuclidean in new[] { true, false })
        {
            var set = new BallSet(rand(1, 9, ScalarType.Float64), full(1, 0.4, dtype: ScalarType.Float64), isEuclidean, isCut);
            var a = randn(1, 1, 9, ScalarType.Float64).requires_grad_();
            set.Minimum(a).sum().backward();
            var direction = randn(1, 1, 9, ScalarType.Float64);
            using var none = no_grad();
            var slope = ((set.Minimum(a + (direction * 1e-5)) - set.Minimum(a - (direction * 1e-5))) / 2e-5).sum().item<double>();
            Assert.Equal(slope, (a.grad! * direction).sum().item<double>(), 1e-5);
        }
    }

    /// <summary>The minimum by a search for the multiplier to the last digit, or from the largest coefficient on.</summary>
    private static Tensor Exact(Tensor a, Tensor center, double radius, bool isEuclidean, bool isCut)
    {
        var all = full_like(center, double.PositiveInfinity);
        var (lower, upper) = isCut ? (-center, 1 - center) : (-all, all);
        Tensor change;
        if (isEuclidean)
        {
            var (low, high) = (zeros(a.shape[..2], ScalarType.Float64), full(a.shape[..2], 1e30, dtype: ScalarType.Float64));
            Tensor At(Tensor multiplier) => (a * -multiplier.unsqueeze(-1)).maximum(lower).minimum(upper);
            for (var i = 0; i < 400; i++)
            {
                var middle = (low + high) / 2;
                var isLong = At(middle).norm(-1).gt(radius);
                (low, high) = (where(isLong, low, middle), where(isLong, middle, high));
            }

            change = At(low);
        }
        else
        {
            change = zeros_like(a);
            var (rows, sets, size) = ((int)a.shape[0], (int)a.shape[1], (int)a.shape[2]);
            var (numbers, ends, others) = (a.data<double>().ToArray(), lower.data<double>().ToArray(), upper.data<double>().ToArray());
            for (var i = 0; i < rows * sets; i++)
            {
                var left = radius;
                foreach (var j in Enumerable.Range(0, size).OrderByDescending(j => Math.Abs(numbers[(i * size) + j])))
                {
                    var number = numbers[(i * size) + j];
                    var place = ((i % sets) * size) + j;
                    var step = Math.Min(left, number > 0 ? -ends[place] : others[place]);
                    change[i / sets, i % sets, j] = number == 0 ? 0 : -Math.Sign(number) * step;
                    left -= number == 0 ? 0 : step;
                }
            }
        }

        return (a * (center + change)).sum(-1);
    }
}
