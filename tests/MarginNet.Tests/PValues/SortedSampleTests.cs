using MarginNet.PValues;

namespace MarginNet.Tests.PValues;

public sealed class SortedSampleTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(100)]
    [InlineData(1500)]
    public void The_count_is_that_of_a_plain_loop(int length)
    {
        var random = new Random(length);
        double[][] samples =
        [
            [.. Enumerable.Range(0, length).Select(_ => random.NextDouble()).Order()],
            [.. Enumerable.Range(0, length).Select(_ => Math.Exp(20 * random.Normal())).Order()], // almost all in one bucket
            [.. Enumerable.Range(0, length).Select(_ => (double)random.Next(3)).Order()], // ties
            [.. Enumerable.Repeat(7.0, length)],
        ];
        foreach (var values in samples)
        {
            var sample = new SortedSample(values);
            foreach (var x in values.Concat(values.Select(value => value * 1.0000001)).Concat([-1, 0, 0.5, 7, double.MaxValue]))
                Assert.Equal(values.Count(value => value <= x), sample.CountUpTo(x));
        }
    }
}
