using MarginNet.Data;

namespace MarginNet.Tests.Data;

public sealed class StratifiedFoldsTests
{
    [Fact]
    public void Folds_and_the_classes_in_them_differ_in_size_by_one_at_most()
    {
        int[] labels = [.. Enumerable.Range(0, 103).Select(i => i * i % 7)];
        var fold = StratifiedFolds.Compute(labels, 4, seed: 3);
        int[] Sizes(Func<int, bool> isOne) =>
            [.. Enumerable.Range(0, 4).Select(k => Enumerable.Range(0, 103).Count(i => fold[i] == k && isOne(i)))];

        Assert.All(labels.Distinct().Select(label => Sizes(i => labels[i] == label)).Append(Sizes(_ => true)), sizes =>
            Assert.InRange(sizes.Max() - sizes.Min(), 0, 1));
        Assert.Equal(103, Sizes(_ => true).Sum());
        Assert.Equal(fold, StratifiedFolds.Compute(labels, 4, seed: 3));
        Assert.NotEqual(fold, StratifiedFolds.Compute(labels, 4, seed: 4));
    }

    [Fact]
    public void There_are_two_folds_at_least_and_no_more_than_samples()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => StratifiedFolds.Compute([0, 1, 0], 1, seed: 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => StratifiedFolds.Compute([0, 1, 0], 4, seed: 0));
        Assert.Equal([0, 1, 2], StratifiedFolds.Compute([0, 1, 0], 3, seed: 0).Order());
    }
}
