using MarginNet.Arrays;
using MarginNet.Audit;

namespace MarginNet.Tests.Audit;

public sealed class EpochScoresTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private string Write(float[] values, params int[] shape)
    {
        using var file = File.Create(_folder["s.npy"]);
        NumpyFormat.Write<float>(file, values, shape);
        return file.Name;
    }

    [Fact]
    public void Arrays_of_three_dimensions_are_epochs_of_two()
    {
        var epochs = EpochScores.Read(Write([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12], 2, 3, 2));
        Assert.Equal(2, epochs.Length);
        Assert.Equal((3, 2), (epochs[1].Count, epochs[1].ClassCount));
        Assert.Equal([9f, 10f], epochs[1][1].ToArray());
        Assert.Equal([5f, 6f], Assert.Single(EpochScores.Read(Write([1, 2, 3, 4, 5, 6], 3, 2)))[2].ToArray());
    }

    [Fact]
    public void Margins_of_probabilities_are_log_ratios_and_none_is_infinite()
    {
        var scores = Assert.Single(EpochScores.Read(Write([0.8f, 0.2f, 1, 0], 2, 2), areProbabilities: true));
        Assert.Equal(Math.Log(4), scores.LabelledMargins([0, 0])[0], 1e-5);
        Assert.InRange(scores.LabelledMargins([0, 0])[1], 20, 30);
    }

    [Fact]
    public void Margins_are_read_by_epoch_or_alone()
    {
        Assert.Equal((2, 3), (EpochScores.ReadMargins(Write([1, 2, 3, 4, 5, 6], 2, 3)).Epochs, 3));
        var alone = EpochScores.ReadMargins(Write([1, -2, 3], 3));
        Assert.Equal((1, 3), (alone.Epochs, alone.Count));
        Assert.Equal([1.0, -2, 3], alone.Mean());
    }

    [Fact]
    public void What_is_no_score_is_refused_by_its_place()
    {
        void Refused(string expected, Func<object> read) =>
            Assert.Contains(expected, Assert.Throws<InvalidDataException>(read).Message, StringComparison.Ordinal);

        Refused("shape [N, C] or [E, N, C]", () => EpochScores.Read(Write([1, 2], 2)));
        Refused("at least 2 classes", () => EpochScores.Read(Write([1, 2], 2, 1)));
        Refused("sample 1 has 1.5", () => EpochScores.Read(Write([0.5f, 0.5f, 1.5f, 0], 2, 2), areProbabilities: true));
        Refused("Sample 1 has the score NaN", () => EpochScores.Read(Write([0.5f, 0.5f, float.NaN, 0], 2, 2)));
        Refused("Sample 0 has the margin", () => EpochScores.ReadMargins(Write([float.PositiveInfinity], 1)));
    }
}
