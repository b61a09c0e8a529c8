using MarginNet.Evaluation;

namespace MarginNet.Tests.Evaluation;

public sealed class OneBasedLabelsTests
{
    private static readonly int[] Decisions = [.. Enumerable.Range(0, 60).Select(i => i % 3)];

    [Fact]
    public void Labels_counted_from_1_are_suspect_and_those_from_0_are_not()
    {
        Assert.True(OneBasedLabels.AreSuspect([.. Decisions.Select(decision => decision + 1)], Decisions));
        Assert.False(OneBasedLabels.AreSuspect(Decisions, Decisions));
    }

    [Fact]
    public void Neither_are_right_labels_of_some_classes_nor_those_of_one_class_nor_few()
    {
        int[] some = [.. Decisions.Select(decision => Math.Max(decision, 1))];
        Assert.False(OneBasedLabels.AreSuspect(some, some));
        // As attacked images of one class may be.
        Assert.False(OneBasedLabels.AreSuspect([1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1], new int[12]));
        Assert.False(OneBasedLabels.AreSuspect([1, 2, 3], [0, 1, 2]));
        Assert.False(OneBasedLabels.AreSuspect([-1, -1], [0, 1]));
        Assert.False(OneBasedLabels.AreSuspect([], []));
    }

    [Fact]
    public void Another_number_of_labels_is_rejected() => Assert.Throws<ArgumentException>(() => OneBasedLabels.AreSuspect([1], [0, 1]));
}
