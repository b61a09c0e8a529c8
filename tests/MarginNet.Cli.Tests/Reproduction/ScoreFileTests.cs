using MarginNet.Arrays;
using MarginNet.Cli.Reproduction;
using MarginNet.Margins;

namespace MarginNet.Cli.Tests.Reproduction;

public sealed class ScoreFileTests
{
    [Theory]
    [InlineData(1, 2)]
    [InlineData(37, 10)]
    [InlineData(12345, 3)]
    public void Scores_are_read_as_they_were_written(int count, int classes)
    {
        using var tool = new Tool();
        var random = new Random(3);
        float[] values = [.. Enumerable.Range(0, count * classes).Select(_ => (float)((200 * random.NextDouble()) - 100))];
        new ScoreMatrix([.. values], classes).Save(tool.File("s.npy"));
        var read = ScoreFile.Read(tool.File("s.npy"));
        Assert.Equal((count, classes), (read.Count, read.ClassCount));
        for (var i = 0; i < count; i++)
        {
            Assert.True(read[i].SequenceEqual(values.AsSpan(i * classes, classes)));
        }

        Assert.Equal(values.Select(value => (double)value), ArrayFile.ReadLogits(tool.File("s.npy")).Values.ToArray());
        Assert.Equal(0, (new FileInfo(tool.File("s.npy")).Length - (4 * values.Length)) % 64); // NumPy aligns the numbers so.
    }
}
