using System.Collections.Immutable;
using MarginNet.Cli.Reproduction;

namespace MarginNet.Cli.Tests.Reproduction;

public sealed class StageStoreTests
{
    private static readonly RunEnvironment Here = new("1", "2", "3", "4", "5", "cpu", 2);
    private static readonly Stage Example =
        new("train", new Dictionary<string, object?> { ["mu"] = 50.0, ["loss"] = "dual" }, ["a"], ["x.npy", "y.npy"]);

    [Fact]
    public void A_finished_stage_is_found_with_what_was_recorded()
    {
        using var tool = new Tool();
        Assert.Null(Store(tool).Find(Example));
        var written = Compute(tool);
        Assert.False(written.IsKept);
        var found = Store(tool).Find(Example)!;
        Assert.True(found.IsKept);
        Assert.Equal(written.Key, found.Key);
        Assert.Equal(written.Digests.AsEnumerable(), found.Digests.AsEnumerable());
        Assert.Equal(written.Seconds, found.Seconds);
        Assert.Equal(Here, found.Environment);
        Assert.Equal(7, found.Facts["count"]);
    }

    [Fact]
    public void Another_setting_input_or_output_is_another_stage()
    {
        using var tool = new Tool();
        Compute(tool);
        Assert.Null(Store(tool).Find(Example with { Settings = new Dictionary<string, object?> { ["mu"] = 150.0, ["loss"] = "dual" } }));
        Assert.Null(Store(tool).Find(Example with { Inputs = ["b"] }));
        Assert.Null(Store(tool).Find(Example with { Outputs = ["x.npy"] }));
        Assert.NotNull(Store(tool).Find(Example));
    }

    [Theory]
    [InlineData("x.npy", "changed")]
    [InlineData("y.npy", null)]
    [InlineData("stages/train.json", "{")]
    [InlineData("stages/train.json", "null")]
    [InlineData("stages/train.json", "{}")]
    [InlineData("stages/train.json", null)]
    public void A_changed_or_missing_file_has_to_be_computed_again(string file, string? content)
    {
        using var tool = new Tool();
        Compute(tool);
        if (content is null)
        {
            File.Delete(tool.File(file));
        }
        else
        {
            File.WriteAllText(tool.File(file), content);
        }

        Assert.Null(Store(tool).Find(Example));
    }

    [Fact]
    public void Work_that_fails_leaves_no_finished_stage()
    {
        using var tool = new Tool();
        Compute(tool);
        Assert.Throws<OperationCanceledException>(() => Store(tool).Compute(Example, () => throw new OperationCanceledException()));
        Assert.Null(Store(tool).Find(Example));
    }

    [Fact]
    public void Force_finds_nothing()
    {
        using var tool = new Tool();
        Compute(tool);
        Assert.Null(new StageStore(tool.File(""), Here, force: true).Find(Example));
    }

    private static StageStore Store(Tool tool) => new(tool.File(""), Here, force: false);

    private static StageRecord Compute(Tool tool)
    {
        var store = Store(tool);
        return store.Compute(Example, () =>
        {
            File.WriteAllText(store.File("x.npy"), "x");
            File.WriteAllText(store.File("y.npy"), "y");
            return ImmutableSortedDictionary<string, double>.Empty.Add("count", 7);
        });
    }
}
