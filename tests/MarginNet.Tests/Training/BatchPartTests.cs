using MarginNet.Training;

namespace MarginNet.Tests.Training;

public sealed class BatchPartTests
{
    [Theory]
    [InlineData(128, 4)]
    [InlineData(7, 3)]
    [InlineData(2, 5)]
    [InlineData(1, 1)]
    public void Parts_are_all_rows_once_and_their_shares_one(int batch, int parts)
    {
        var all = Enumerable.Range(0, parts).Select(i => BatchPart.Of(batch, i, parts)).ToArray();
        var counted = all.Where(part => part.Share > 0).ToArray();
        Assert.Equal(Enumerable.Range(0, batch), counted.SelectMany(part => Enumerable.Range(part.First, part.Count)));
        Assert.Equal(1, counted.Sum(part => part.Share), 1e-12);
        Assert.All(all, part => Assert.InRange(part.First + part.Count, 1, batch));
    }
}
