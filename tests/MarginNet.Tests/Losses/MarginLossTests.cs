using MarginNet.Losses;
using MarginNet.Margins;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace MarginNet.Tests.Losses;

public sealed class MarginLossTests
{
    private const int Samples = 400;
    private const int Classes = 6;

    public static TheoryData<string> Names => [.. MarginLoss.All.Select(loss => loss.Name)];

    /// <summary>All but the one whose shifts count as constant in the gradient.</summary>
    public static TheoryData<string> NamesOfPotentials => [.. MarginLoss.All.Except([MarginLoss.Emma]).Select(loss => loss.Name)];

    [Fact]
    public void Each_loss_is_its_equation()
    {
        // By hand: f = (1, 4, 2), c = 1, μ = 3, so the margin is 2 and the shortfall 1.
        using var logits = tensor(new[,] { { 1d, 4d, 2d } });
        using var label = tensor(new long[] { 1 });
        double Value(MarginLoss loss) => loss.Compute(logits, label, 3).item<double>();
        Assert.Equal(1, Value(MarginLoss.Dual), 12);
        Assert.Equal(1, Value(MarginLoss.DualHinge), 12);
        Assert.Equal(1.0 / (6 + 7), Value(MarginLoss.DualNormalized), 12);
        Assert.Equal(-Math.Log(4.0 / (6 + 3)), Value(MarginLoss.MarginRatio), 12);
        Assert.Equal(-Math.Log(Math.Exp(4) / (Math.Exp(4) + Math.Exp(4) + Math.Exp(5))), Value(MarginLoss.ShiftedSoftmax), 12);
        Assert.Equal(-Math.Log(Math.Exp(4) / (Math.Exp(4) + Math.Exp(4) + Math.Exp(4))), Value(MarginLoss.Emma), 12);
        Assert.Equal(-Math.Log(Math.Exp(4) / (Math.Exp(1) + Math.Exp(4) + Math.Exp(2))), Value(MarginLoss.CrossEntropy), 12);
    }

    [Fact]
    public void A_margin_ratio_of_at_most_zero_implies_the_margin()
    {
        var (logits, labels) = Rectified(scale: 40);
        using var losses = MarginLoss.MarginRatio.Compute(logits, labels, tensor(2.0));
        using var margins = LabelledMargin.Compute(logits, labels);
        using var small = losses <= 0;
        Assert.True(small.any().item<bool>());
        Assert.True((margins[small] >= 2).all().item<bool>());
    }

    [Fact]
    public void A_shifted_softmax_of_at_most_ln_2_implies_the_margin_which_implies_ln_C()
    {
        var (logits, labels) = Gaussian(scale: 4);
        using var losses = MarginLoss.ShiftedSoftmax.Compute(logits, labels, tensor(2.0));
        using var margins = LabelledMargin.Compute(logits, labels);
        using var small = losses <= Math.Log(2);
        using var met = margins >= 2;
        Assert.True(small.any().item<bool>());
        Assert.True((margins[small] >= 2).all().item<bool>());
        Assert.True((losses[met] <= Math.Log(Classes)).all().item<bool>());
    }

    [Fact]
    public void The_shifted_softmax_stays_finite_at_large_scores_and_margins()
    {
        using var logits = tensor(new[,] { { 900f, -900f }, { -900f, 900f } });
        using var labels = tensor(new long[] { 0, 0 });
        using var losses = MarginLoss.ShiftedSoftmax.Compute(logits, labels, tensor(150.0));
        Assert.Equal([0f, 1950f], losses.data<float>().ToArray());
    }

    [Fact]
    public void The_normalised_dual_loss_has_the_sign_of_the_constraint()
    {
        var (logits, labels) = Rectified(scale: 10);
        using var normalized = MarginLoss.DualNormalized.Compute(logits, labels, tensor(1.5));
        using var constraint = MarginLoss.Dual.Compute(logits, labels, tensor(1.5));
        Assert.True(normalized.sign().Equals(constraint.sign()));
        Assert.True(constraint.sign().unique().output.numel() > 1);
    }

    [Fact]
    public void The_dual_loss_is_the_shortfall_of_the_margin()
    {
        var (logits, labels) = Gaussian(scale: 5);
        using var losses = MarginLoss.Dual.Compute(logits, labels, tensor(3.0));
        using var margins = LabelledMargin.Compute(logits, labels);
        Assert.True(losses.allclose(3 - margins, 0, 1e-12));
    }

    [Fact]
    public void The_gradient_of_the_dual_loss_does_not_depend_on_the_margin()
    {
        var (logits, labels) = Gaussian(scale: 5);
        Assert.True(Gradient(MarginLoss.Dual, logits, labels, 50).Equals(Gradient(MarginLoss.Dual, logits, labels, 150)));
        Assert.False(Gradient(MarginLoss.DualHinge, logits, labels, 1).Equals(Gradient(MarginLoss.DualHinge, logits, labels, 5)));
    }

    [Fact]
    public void The_hinge_has_no_gradient_once_the_margin_is_met()
    {
        var (logits, labels) = Gaussian(scale: 5);
        using var met = LabelledMargin.Compute(logits, labels) > 1;
        using var gradient = Gradient(MarginLoss.DualHinge, logits, labels, 1);
        Assert.True(met.any().item<bool>());
        Assert.Equal(0, gradient[met].abs().max().item<double>());
        Assert.True((gradient[met.logical_not()].abs().sum(1) > 0).all().item<bool>());
    }

    [Fact]
    public void Emma_shifts_each_rival_by_the_lead_over_it_up_to_the_margin()
    {
        using var scope = NewDisposeScope();
        const double Margin = 2.5;
        var (logits, labels) = Gaussian(scale: 3);
        var lead = logits.gather(1, labels.unsqueeze(1)) - logits;
        var shift = lead.clamp(0, Margin);
        var leaf = logits.detach().clone().requires_grad_();
        F.cross_entropy(leaf + shift, labels, reduction: nn.Reduction.Sum).backward();
        Assert.True(Gradient(MarginLoss.Emma, logits, labels, Margin).allclose(leaf.grad!, 1e-12, 1e-12));

        var losses = MarginLoss.Emma.Compute(logits, labels, Margin, nn.Reduction.None);
        var met = LabelledMargin.Compute(logits, labels) >= Margin;
        var plain = lead.amax(1) <= 0; // The true class is the last.
        Assert.True(met.any().item<bool>() && plain.any().item<bool>());
        Assert.True(losses[met].allclose(MarginLoss.ShiftedSoftmax.Compute(logits, labels, Margin, nn.Reduction.None)[met], 0, 1e-12));
        Assert.True(losses[plain].allclose(MarginLoss.CrossEntropy.Compute(logits, labels, 0, nn.Reduction.None)[plain], 0, 1e-12));
        Assert.True(MarginLoss.Emma.Compute(logits, labels, 0, nn.Reduction.None)
            .allclose(MarginLoss.CrossEntropy.Compute(logits, labels, 0, nn.Reduction.None), 0, 1e-12));
    }

    [Theory]
    [MemberData(nameof(NamesOfPotentials))]
    public void The_gradient_agrees_with_finite_differences(string name)
    {
        var loss = MarginLoss.Parse(name);
        var (logits, labels) = Rectified(scale: 10);
        using var gradient = Gradient(loss, logits, labels, 2.5);
        const double Step = 1e-6;
        var generator = new Random(5);
        for (var trial = 0; trial < 40; trial++)
        {
            var (i, j) = (generator.Next(Samples), generator.Next(Classes));
            double At(double offset)
            {
                using var moved = logits.detach().clone();
                moved[i, j] += offset;
                return loss.Compute(moved, labels, 2.5, nn.Reduction.Sum).item<double>();
            }

            Assert.Equal((At(Step) - At(-Step)) / (2 * Step), gradient[i, j].item<double>(), 1e-5);
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Dual_weights_multiply_and_each_sample_may_have_its_own_margin(string name)
    {
        var loss = MarginLoss.Parse(name);
        var (logits, labels) = Rectified(scale: 10);
        using var weights = rand(Samples, dtype: ScalarType.Float64);
        using var margins = rand(Samples, dtype: ScalarType.Float64) + 0.5;
        using var all = loss.Compute(logits, labels, margins, weights);
        for (var i = 0; i < 20; i++)
        {
            using var one = loss.Compute(logits[TensorIndex.Slice(i, i + 1)], labels[TensorIndex.Slice(i, i + 1)], margins[i]);
            Assert.Equal(one.item<double>() * weights[i].item<double>(), all[i].item<double>(), 1e-9);
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void The_mean_is_the_sum_over_the_number_of_samples(string name)
    {
        var loss = MarginLoss.Parse(name);
        var (logits, labels) = Rectified(scale: 10);
        var sum = loss.Compute(logits, labels, 2, nn.Reduction.Sum).item<double>();
        Assert.Equal(sum / Samples, loss.Compute(logits, labels, 2).item<double>(), 1e-9 * Math.Abs(sum));
        Assert.Equal(sum, loss.Compute(logits, labels, 2, nn.Reduction.None).sum().item<double>(), 1e-9 * Math.Abs(sum));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Computing_a_loss_leaves_no_tensor_behind(string name)
    {
        var loss = MarginLoss.Parse(name);
        var (logits, labels) = Rectified(scale: 10);
        using var margin = tensor(2.0);
        Assert.Equal(0, LiveTensors.LeftBy(() => loss.Compute(logits, labels, margin).Dispose()));
    }

    [Fact]
    public void A_dead_true_class_costs_a_finite_loss_with_a_finite_gradient()
    {
        using var logits = tensor(new[,] { { 0f, 3f, 1f } });
        using var label = tensor(new long[] { 0 });
        using var gradient = Gradient(MarginLoss.MarginRatio, logits, label, 1);
        var loss = MarginLoss.MarginRatio.Compute(logits, label, 1).item<float>();
        Assert.Equal(-Math.Log(MarginRatioLoss.ScoreFloor / (2 + 4)), loss, 1e-4);
        Assert.True(gradient.isfinite().all().item<bool>());
        Assert.True(gradient[0, 1].item<float>() > 0);
    }

    [Fact]
    public void Scores_outside_a_losses_domain_are_refused_by_the_samples_index()
    {
        using var logits = tensor(new[,] { { 1f, 2f, 1f }, { 1f, -9f, 2f } });
        using var labels = zeros(2, dtype: ScalarType.Int64);
        var ratio = Assert.Throws<ArgumentException>(() => MarginLoss.MarginRatio.Compute(logits, labels, 1));
        var normalized = Assert.Throws<ArgumentException>(() => MarginLoss.DualNormalized.Compute(logits, labels, 1));
        Assert.Contains("Sample 1 has the score -9", ratio.Message, StringComparison.Ordinal);
        Assert.Contains("Sample 1 has the denominator -4", normalized.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_unknown_name_is_answered_with_the_known_ones()
    {
        var error = Assert.Throws<ArgumentException>(() => MarginLoss.Parse("hinge"));
        Assert.Contains("choose one of dual, dual-hinge", error.Message, StringComparison.Ordinal);
    }

    private static Tensor Gradient(MarginLoss loss, Tensor logits, Tensor labels, double margin)
    {
        var leaf = logits.detach().clone().requires_grad_();
        loss.Compute(leaf, labels, margin, nn.Reduction.Sum).backward();
        return leaf.grad!;
    }

    private static (Tensor Logits, Tensor Labels) Gaussian(double scale)
    {
        manual_seed(21);
        return (randn(Samples, Classes, dtype: ScalarType.Float64) * scale, randint(0, Classes, [Samples], dtype: ScalarType.Int64));
    }

    /// <summary>Nonnegative scores, about a third of them dominated by one class as after training.</summary>
    private static (Tensor Logits, Tensor Labels) Rectified(double scale)
    {
        manual_seed(22);
        var logits = rand(Samples, Classes, dtype: ScalarType.Float64) + 0.01;
        var labels = randint(0, Classes, [Samples], dtype: ScalarType.Int64);
        var lead = F.one_hot(labels, Classes).to(ScalarType.Float64) * scale
            * (rand(Samples, 1, dtype: ScalarType.Float64) > 0.5).to(ScalarType.Float64);
        return (logits + lead, labels);
    }
}
