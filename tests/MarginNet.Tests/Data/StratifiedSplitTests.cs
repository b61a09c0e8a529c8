using MarginNet.Data;

namespace MarginNet.Tests.Data;

public sealed class StratifiedSplitTests
{
    private static readonly int[] Labels = [.. Enumerable.Range(0, 500).Select(i => i < 300 ? 0 : i < 490 ? 1 : 2)];

    [Theory]
    [InlineData(0.01)]
    [InlineData(0.1)]
    [InlineData(0.5)]
    [InlineData(0.99)]
    public void Every_index_is_in_exactly_one_part_and_both_ascend(double share)
    {
        var split = StratifiedSplit.Compute(Labels, share, 1);
        Assert.Equal(Enumerable.Range(0, 500), split.Rest.Concat(split.HeldOut).Order());
        Assert.Equal(split.Rest.Order(), split.Rest);
        Assert.Equal(split.HeldOut.Order(), split.HeldOut);
    }

    [Fact]
    public void Each_class_gives_its_share()
    {
        var held = StratifiedSplit.Compute(Labels, 0.1, 1).HeldOut;
        Assert.Equal([30, 19, 1], Enumerable.Range(0, 3).Select(c => held.Count(i => Labels[i] == c)));
    }

    [Fact]
    public void A_class_of_two_or_more_is_in_both_parts_and_a_class_of_one_stays_in_training()
    {
        foreach (var share in new[] { 1e-9, 1 - 1e-9 })
        {
            var split = StratifiedSplit.Compute([0, 0, 1, -1, -1], share, 1);
            Assert.Equal([1, 0, 1], new[] { 0, 1, -1 }.Select(c => split.HeldOut.Count(i => new[] { 0, 0, 1, -1, -1 }[i] == c)));
        }
    }

    [Fact]
    public void The_seed_decides_the_split()
    {
        int[] HeldOut(int seed) => [.. StratifiedSplit.Compute(Labels, 0.1, seed).HeldOut];
        Assert.Equal(HeldOut(7), HeldOut(7));
        Assert.NotEqual(HeldOut(7), HeldOut(8));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(-0.1)]
    [InlineData(double.NaN)]
    public void A_share_that_leaves_one_part_empty_is_refused(double share) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => StratifiedSplit.Compute(Labels, share, 1));
}
