namespace MarginNet.Cli.Tests;

public sealed class SuggestionTests
{
    private static readonly string[] Names = ["--epochs", "--rounds", "--ramp-epochs", "train"];

    [Theory]
    [InlineData("--epoch", " Did you mean '--epochs'?")]
    [InlineData("--epohcs", " Did you mean '--epochs'?")]
    [InlineData("--EPOCHS", " Did you mean '--epochs'?")]
    [InlineData("--ramp", " Did you mean '--ramp-epochs'?")]
    [InlineData("trian", " Did you mean 'train'?")]
    [InlineData("--verbosity", "")]
    [InlineData("x", "")]
    public void The_nearest_name_is_suggested_where_one_is_near(string name, string expected) =>
        Assert.Equal(expected, Suggestion.For(name, Names));

    [Theory]
    [InlineData("", "abc", 3)]
    [InlineData("abc", "abc", 0)]
    [InlineData("abc", "acb", 1)]
    [InlineData("kitten", "sitting", 3)]
    public void The_distance_counts_insertions_deletions_replacements_and_swaps(string first, string second, int expected)
    {
        Assert.Equal(expected, Suggestion.Distance(first, second));
        Assert.Equal(expected, Suggestion.Distance(second, first));
    }
}
