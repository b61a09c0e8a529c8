using MarginNet.Attacks;
using static TorchSharp.torch;

namespace MarginNet.Tests.Attacks;

public sealed class AttackBallTests
{
    private const double Rounding = 1e-6; // float32's, on pixels in [0, 1]

    [Theory]
    [InlineData(AttackNorm.Linf)]
    [InlineData(AttackNorm.L2)]
    [InlineData(AttackNorm.L1)]
    public void A_projection_is_in_the_ball_and_the_box_and_moves_no_point_that_is(AttackNorm norm)
    {
        using var scope = NewDisposeScope();
        manual_seed(61);
        var centers = rand(6, 3, 4, 4);
        var ball = new AttackBall(centers, new() { Norm = norm, Epsilon = 0.2 });
        var projected = ball.Project(centers + randn(6, 3, 4, 4));
        Assert.InRange(Size(projected - centers, norm), 0.1, 0.2 + Rounding);
        Assert.InRange(projected.min().item<float>(), 0, 1);
        Assert.InRange(projected.max().item<float>(), 0, 1);
        Assert.True(ball.Project(projected).allclose(projected, 0, Rounding));
        Assert.True(ball.Project(centers).Equals(centers));
    }

    [Fact]
    public void The_nearest_point_of_the_l2_ball_lies_on_the_line_to_its_center()
    {
        using var scope = NewDisposeScope();
        manual_seed(62);
        var centers = zeros(3, 1, 2, 2);
        var points = randn(3, 1, 2, 2) * 5;
        var projected = new AttackBall(centers, new() { Norm = AttackNorm.L2, Epsilon = 0.5, Clip = false }).Project(points);
        var expected = points * 0.5 / points.square().sum([1, 2, 3], keepdim: true).sqrt();
        Assert.True(projected.allclose(expected, 0, Rounding));
    }

    [Fact]
    public void The_nearest_point_of_the_l1_ball_shrinks_all_changes_by_one_number()
    {
        using var scope = NewDisposeScope();
        var points = tensor([3, -1, 0.5f, 0, 0.25f, -0.25f, 0.25f, 0], 2, 1, 1, 4);
        var projected = new AttackBall(zeros(2, 1, 1, 4), new() { Norm = AttackNorm.L1, Epsilon = 3, Clip = false }).Project(points);
        // 3 and 1 lose a half each, so that a half goes to zero, and Σ|δ| is 3; the second is in the ball.
        Assert.True(projected.allclose(tensor([2.5f, -0.5f, 0, 0, 0.25f, -0.25f, 0.25f, 0], 2, 1, 1, 4), 0, Rounding));
    }

    [Theory]
    [InlineData(AttackNorm.Linf)]
    [InlineData(AttackNorm.L2)]
    [InlineData(AttackNorm.L1)]
    public void A_step_has_the_length_asked_for_however_small_the_gradient_is_and_none_where_it_is_zero(AttackNorm norm)
    {
        using var scope = NewDisposeScope();
        manual_seed(63);
        var gradients = randn(3, 2, 4, 4) * tensor(new[] { 1, 1e-35f, 0 }).reshape(3, 1, 1, 1);
        var steps = new AttackBall(rand(3, 2, 4, 4), new() { Norm = norm }).Step(gradients, tensor(0.3f));
        Assert.Equal(0.3, Size(steps[0].unsqueeze(0), norm), Rounding);
        Assert.Equal(0.3, Size(steps[1].unsqueeze(0), norm), Rounding);
        Assert.Equal(0, Size(steps[2].unsqueeze(0), norm));
    }

    [Theory]
    [InlineData(AttackNorm.Linf)]
    [InlineData(AttackNorm.L2)]
    [InlineData(AttackNorm.L1)]
    public void Random_points_belong_to_their_images_however_these_are_batched(AttackNorm norm)
    {
        using var scope = NewDisposeScope();
        manual_seed(64);
        var centers = rand(6, 3, 4, 5);
        var options = new AttackOptions { Norm = norm, Epsilon = 0.2, Seed = 7 };
        var whole = new AttackBall(centers, options).RandomPoints(start: 2, [0, 1, 2, 3, 4, 5]);
        manual_seed(65); // The process's own generator has no part in it.
        var part = new AttackBall(centers[4..], options).RandomPoints(start: 2, [4, 5]);
        Assert.True(part.Equals(whole[4..]));
        Assert.False(new AttackBall(centers, options).RandomPoints(start: 1, [0, 1, 2, 3, 4, 5]).Equals(whole));
        Assert.False(new AttackBall(centers, options with { Seed = 8 }).RandomPoints(start: 2, [0, 1, 2, 3, 4, 5]).Equals(whole));
    }

    [Theory]
    [InlineData(AttackNorm.Linf)]
    [InlineData(AttackNorm.L2)]
    [InlineData(AttackNorm.L1)]
    public void Random_points_fill_the_ball_evenly(AttackNorm norm)
    {
        using var scope = NewDisposeScope();
        const int Count = 2000;
        var centers = rand(Count, 1, 1, 3);
        var ball = new AttackBall(centers, new() { Norm = norm, Epsilon = 0.5, Clip = false });
        var change = ball.RandomPoints(1, [.. Enumerable.Range(0, Count)]) - centers;
        Assert.InRange(Size(change, norm), 0.4, 0.5 + Rounding);
        Assert.Equal(0, change.mean().item<float>(), 0.03); // five standard errors of 6,000 numbers of deviation at most 0.29
        var sizes = Sizes(change, norm);
        // The share of the volume within is uniform; six standard errors.
        Assert.Equal(0.5, (sizes / 0.5).pow(3).mean().item<float>(), 0.04);
    }

    /// <summary>The largest change of an image.</summary>
    internal static double Size(Tensor change, AttackNorm norm) =>
        Sizes(change, norm).max().to(float64).item<double>();

    private static Tensor Sizes(Tensor change, AttackNorm norm) => norm switch
    {
        AttackNorm.Linf => change.abs().amax([1, 2, 3]),
        AttackNorm.L1 => change.abs().sum([1, 2, 3]),
        _ => change.square().sum([1, 2, 3]).sqrt(),
    };
}
