using MarginNet.Margins;
using static TorchSharp.torch;

namespace MarginNet.Tests.Margins;

public sealed class MarginTests
{
    [Fact]
    public void The_decision_margin_is_the_lead_of_the_best_score()
    {
        using var logits = tensor(new float[,] { { 1, 5, 2 }, { -3, -1, -7 } });
        using var margins = DecisionMargin.Compute(logits);
        Assert.Equal([3f, 2f], margins.data<float>().ToArray());
    }

    [Fact]
    public void A_tie_has_the_margin_zero_and_decides_for_the_lowest_class()
    {
        using var logits = tensor(new float[,] { { 4, 4, 1 } });
        using var margins = DecisionMargin.Compute(logits);
        Assert.Equal(0f, margins.item<float>());
        Assert.Equal((0, 0d), DecisionMargin.Compute([4f, 4f, 1f]));
    }

    [Fact]
    public void The_labelled_margin_is_negative_where_the_decision_is_wrong()
    {
        using var logits = tensor(new float[,] { { 1, 5, 2 }, { 1, 5, 2 } });
        using var labels = tensor(new long[] { 1, 2 });
        using var margins = LabelledMargin.Compute(logits, labels);
        Assert.Equal([3f, -3f], margins.data<float>().ToArray());
    }

    [Fact]
    public void The_labelled_margin_is_the_decision_margin_where_the_decision_is_right_and_minus_a_lead_elsewhere()
    {
        manual_seed(11);
        using var logits = randn(500, 7) * 10;
        using var labels = randint(0, 7, [500], dtype: ScalarType.Int64);
        using var decided = DecisionMargin.Compute(logits);
        using var labelled = LabelledMargin.Compute(logits, labels);
        using var right = logits.argmax(1).eq(labels);
        Assert.True(right.any().item<bool>() && !right.all().item<bool>());
        Assert.True(decided[right].Equals(labelled[right]));
        Assert.True((labelled[right.logical_not()] <= 0).all().item<bool>());
        Assert.True((labelled.abs() >= 0).all().item<bool>());
    }

    [Fact]
    public void A_common_shift_of_all_scores_changes_no_margin()
    {
        manual_seed(12);
        using var logits = randn(100, 5, dtype: ScalarType.Float64);
        using var labels = randint(0, 5, [100], dtype: ScalarType.Int64);
        using var shifted = logits + 3.25;
        Assert.True(DecisionMargin.Compute(shifted).allclose(DecisionMargin.Compute(logits), 0, 1e-14));
        Assert.True(LabelledMargin.Compute(shifted, labels).allclose(LabelledMargin.Compute(logits, labels), 0, 1e-14));
    }

    [Fact]
    public void The_spans_agree_with_the_tensors()
    {
        manual_seed(13);
        using var logits = randn(300, 4).mul_(8).round(); // Rounding makes ties.
        using var labels = randint(0, 4, [300], dtype: ScalarType.Int64);
        using var decided = DecisionMargin.Compute(logits);
        using var labelled = LabelledMargin.Compute(logits, labels);
        var scores = ScoreMatrix.FromTensor(logits);
        var truth = labels.data<long>().Select(label => (int)label).ToArray();
        var (classes, margins) = scores.Decisions();
        Assert.All(margins, (margin, i) => Assert.Equal(
            (classes[i], margin), DecisionMargin.Compute([.. scores[i].ToArray().Select(score => (double)score)])));
        Assert.Equal(decided.data<float>().Select(value => (double)value), margins);
        Assert.Equal(labelled.data<float>().Select(value => (double)value), scores.LabelledMargins(truth));
        for (var i = 0; i < classes.Length; i++)
        {
            Assert.Equal(scores[i].ToArray().Max(), scores[i][classes[i]]);
        }

        Assert.Equal(classes.Zip(truth).Count(pair => pair.First == pair.Second) / 300.0, scores.Accuracy(truth));
    }

    [Fact]
    public void The_gradient_is_one_for_the_class_and_minus_one_for_one_rival()
    {
        using var logits = tensor(new float[,] { { 2, 7, 7, 9 } }, requires_grad: true);
        using var labels = tensor(new long[] { 3 });
        LabelledMargin.Compute(logits, labels).sum().backward();
        var gradient = logits.grad!.data<float>().ToArray();
        Assert.Equal(0, gradient[0]);
        Assert.Equal(1, gradient[3]);
        Assert.Equal([-1f, 0f], gradient[1..3].Order()); // Tied rivals: one takes all of it.
    }

    [Fact]
    public void A_single_class_has_no_margin()
    {
        using var logits = ones(4, 1);
        var error = Assert.Throws<ArgumentException>(() => DecisionMargin.Compute(logits));
        Assert.Contains("C >= 2, but got [4, 1]", error.Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => DecisionMargin.Compute([1f]));
    }

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    [InlineData(float.NegativeInfinity)]
    public void A_score_that_is_not_finite_is_refused_by_the_samples_index(float bad)
    {
        using var logits = tensor(new[,] { { 1f, 2f }, { 3f, 4f }, { bad, 1f } });
        using var labels = zeros(3, dtype: ScalarType.Int64);
        Assert.Contains(
            "Sample 2", Assert.Throws<ArgumentException>(() => DecisionMargin.Compute(logits)).Message, StringComparison.Ordinal);
        Assert.Contains(
            "Sample 2", Assert.Throws<ArgumentException>(() => LabelledMargin.Compute(logits, labels)).Message, StringComparison.Ordinal);
        Assert.Contains(
            "Sample 2", Assert.Throws<ArgumentException>(() => ScoreMatrix.FromTensor(logits)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Labels_of_another_type_or_length_are_refused()
    {
        using var logits = ones(3, 2);
        using var tooFew = zeros(2, dtype: ScalarType.Int64);
        using var wrongType = zeros(3, dtype: ScalarType.Int32);
        Assert.Contains(
            "but got Int64 [2]", Assert.Throws<ArgumentException>(() => LabelledMargin.Compute(logits, tooFew)).Message,
            StringComparison.Ordinal);
        Assert.Contains(
            "but got Int32 [3]", Assert.Throws<ArgumentException>(() => LabelledMargin.Compute(logits, wrongType)).Message,
            StringComparison.Ordinal);
    }
}
