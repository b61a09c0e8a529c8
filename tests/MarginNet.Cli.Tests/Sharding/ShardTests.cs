using MarginNet.Cli.Sharding;

namespace MarginNet.Cli.Tests.Sharding;

public sealed class ShardTests
{
    [Theory]
    [InlineData("1/1", 1, 1)]
    [InlineData("3/7", 3, 7)]
    [InlineData("1000000/1000000", 1_000_000, 1_000_000)]
    public void A_shard_is_written_as_its_number_and_the_number_of_all(string text, int number, int count)
    {
        Assert.True(Shard.TryParse(text, out var shard));
        Assert.Equal(new(number, count), shard);
        Assert.Equal(text, shard.ToString());
    }

    [Theory]
    [InlineData("")]
    [InlineData("1")]
    [InlineData("0/4")]
    [InlineData("5/4")]
    [InlineData("-1/4")]
    [InlineData("1/4/2")]
    [InlineData("1/ 4")]
    [InlineData("1/1000001")]
    [InlineData("1/99999999999")]
    public void What_is_no_such_part_is_refused(string text) => Assert.False(Shard.TryParse(text, out _));

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(128)]
    [InlineData(1000)]
    [InlineData(1_000_000)]
    [InlineData(int.MaxValue)]
    public void The_parts_are_all_rows_in_their_order_and_begin_where_batches_do(int rows)
    {
        foreach (var count in new[] { 1, 2, 3, 7, 1000 })
        {
            var end = 0;
            for (var number = 1; number <= count; number++)
            {
                var (start, length) = new Shard(number, count).Of(rows).GetOffsetAndLength(rows);
                Assert.Equal(end, start);
                Assert.True(start % Shard.Block == 0 || start == rows);
                Assert.InRange(length, 0, (((rows / Shard.Block) + 1) / count * (long)Shard.Block) + (2 * Shard.Block));
                end = start + length;
            }

            Assert.Equal(rows, end);
        }
    }
}
