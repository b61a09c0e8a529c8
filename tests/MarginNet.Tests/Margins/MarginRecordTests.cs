using MarginNet.Arrays;
using MarginNet.Margins;

namespace MarginNet.Tests.Margins;

public sealed class MarginRecordTests
{
    [Fact]
    public void Means_and_last_margins_are_those_of_the_scores_of_each_epoch()
    {
        ScoreMatrix[] epochs = [new([3, 1, 0, 2, 5, 5], 3), new([0, 4, 1, 6, 2, 1], 3)];
        var record = MarginRecord.FromScores(epochs, [0, 1]);
        Assert.Equal([2f, 0f], record[0].ToArray());
        Assert.Equal([-4f, -4f], record[1].ToArray());
        Assert.Equal([-1.0, -2.0], record.Mean());
        Assert.Equal([-4.0, -4.0], record.Last());
        Assert.Equal([1.5f, 2.5f, 0.5f], record.MeanScores![0].ToArray());
    }

    [Fact]
    public void It_is_written_as_a_matrix_of_epochs_and_samples()
    {
        using var folder = new TemporaryFolder();
        new MarginRecord([1, 2, 3, 4, 5, 6], count: 3).Save(folder["m.npy"]);
        var read = ArrayFile.Read(folder["m.npy"]);
        Assert.Equal((2, 3), (read.Rows, read.Columns));
        Assert.Equal([4.0, 5, 6], read.Row(1).ToArray());
    }

    [Fact]
    public void Sizes_that_disagree_and_margins_that_are_none_are_refused()
    {
        Assert.Throws<ArgumentException>(() => new MarginRecord([1, 2, 3], count: 2));
        Assert.Throws<ArgumentException>(() => new MarginRecord([], count: 2));
        Assert.Throws<ArgumentException>(() => new MarginRecord([1, 2], count: 2, new([1, 2], 2)));
        var error = Assert.Throws<ArgumentException>(() => new MarginRecord([1, 2, 3, float.NaN], count: 2));
        Assert.Contains("Sample 1 has the margin NaN in epoch 1", error.Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => MarginRecord.FromScores([new([1, 2], 2), new([1, 2, 3], 3)], [0]));
        Assert.Throws<ArgumentOutOfRangeException>(() => MarginRecord.FromScores([], [0]));
    }
}
