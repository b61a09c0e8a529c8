using MarginNet.Data;

namespace MarginNet.Tests.Data;

public sealed class EpochOrderTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(1000)]
    public void Every_index_comes_exactly_once(int count) =>
        Assert.Equal(Enumerable.Range(0, count), EpochOrder.Shuffled(count, 3, 5).Order());

    [Fact]
    public void Seed_and_epoch_decide_the_order()
    {
        Assert.Equal(EpochOrder.Shuffled(100, 1, 2), EpochOrder.Shuffled(100, 1, 2));
        Assert.NotEqual(EpochOrder.Shuffled(100, 1, 2), EpochOrder.Shuffled(100, 1, 3));
        Assert.NotEqual(EpochOrder.Shuffled(100, 1, 2), EpochOrder.Shuffled(100, 2, 2));
        Assert.NotEqual(EpochOrder.Shuffled(100, 1, 2), EpochOrder.Shuffled(100, 2, 1));
    }

    /// <summary>A change here breaks the resuming of every training begun before it. Values of this implementation,
    /// recorded once.</summary>
    [Fact]
    public void The_order_never_changes_between_versions() =>
        Assert.Equal("4 7 0 5 9 3 6 2 8 1", string.Join(" ", EpochOrder.Shuffled(10, 0, 0)));

    [Fact]
    public void Each_index_is_about_equally_often_at_each_place()
    {
        const int Count = 5, Epochs = 5000; // 1000 expected in each cell, with standard deviation 28
        var hits = new int[Count, Count];
        for (var epoch = 0; epoch < Epochs; epoch++)
        {
            var order = EpochOrder.Shuffled(Count, 11, epoch);
            for (var place = 0; place < Count; place++)
            {
                hits[place, order[place]]++;
            }
        }

        Assert.All(hits.Cast<int>(), n => Assert.InRange(n, 850, 1150));
    }

    [Fact]
    public void Negative_counts_and_epochs_are_refused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => EpochOrder.Shuffled(-1, 0, 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => EpochOrder.Shuffled(1, 0, -1));
    }

    /// <summary>The first values of SplitMix64 from state 0 in its authors' reference implementation.</summary>
    [Fact]
    public void The_generator_is_SplitMix64()
    {
        var random = new SplitMix64();
        Assert.Equal(
            [0xE220A8397B1DCDAF, 0x6E789E6AA1B965F4, 0x06C45D188009454F],
            new[] { random.NextUInt64(), random.NextUInt64(), random.NextUInt64() });
    }
}
