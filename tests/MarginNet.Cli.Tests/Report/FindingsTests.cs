using System.Collections.Immutable;
using MarginNet.Cli.Report;
using MarginNet.Cli.Reproduction;

namespace MarginNet.Cli.Tests.Report;

public sealed class FindingsTests
{
    private static readonly ImmutableArray<NetworkRun> Runs = Presets.All.Single(preset => preset.Name == "paper").Runs;

    [Fact]
    public void Differences_are_those_of_the_numbers()
    {
        var sentences = Sentences(Experiment([(8000, 600), (8125, 600), (7000, 2000)]));
        Assert.Contains(
            "margin μ = 50: 1.25 points above cross-entropy on clean test images (the intervals overlap; in the paper 1.21 below); "
            + "level with it under the attack (the intervals overlap; in the paper 4.06 above).",
            sentences);
        Assert.Contains(sentences, sentence => sentence.StartsWith("margin μ = 150: 10.00 points below cross-entropy on clean test images "
            + "(the intervals do not overlap; in the paper 1.33 below); 14.00 points above it", StringComparison.Ordinal));
    }

    [Fact]
    public void Networks_that_score_alike_are_told_of_and_only_they()
    {
        Assert.Contains(
            "margin μ = 50 and margin μ = 150 give the same scores on every test image: "
            + "dual with μ = 50 and dual with μ = 150 led to the same network.",
            Sentences(Experiment([(8000, 600), (8100, 600), (8100, 600)], ["a", "b", "b"])));
        Assert.DoesNotContain(
            Sentences(Experiment([(8000, 600), (8100, 600), (8100, 600)])),
            sentence => sentence.Contains("same scores", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(0, "The attack changed every test image.")]
    [InlineData(1234, "The attack left 1,234 of 10,000 test images as they were")]
    public void What_the_attack_could_not_change_is_counted(int unmoved, string expected) =>
        Assert.Contains(
            Sentences(Experiment([(8000, 600), (8100, 600), (8100, 600)], unmoved: unmoved)),
            sentence => sentence.StartsWith(expected, StringComparison.Ordinal));

    [Fact]
    public void Other_data_than_the_papers_is_said_to_be_so()
    {
        var experiment = Experiment([(8000, 600), (8100, 600), (8100, 600)]);
        Assert.Contains(
            Sentences(experiment), sentence => sentence.StartsWith("The data is 'other' with 50,000", StringComparison.Ordinal));
        Assert.DoesNotContain(
            Sentences(experiment with { Data = experiment.Data with { IsCifar = true } }),
            sentence => sentence.StartsWith("The data is", StringComparison.Ordinal));
    }

    [Fact]
    public void The_best_detector_is_named_with_those_it_cannot_be_told_from()
    {
        var sentences = Findings.OnPValues(Experiment([(8000, 600), (8100, 600), (8100, 600)]).Runs[0]).ToArray();
        Assert.Contains("Attacked images: the largest AUROC is that of softmax, 0.8; with overlapping intervals: raw margin; "
            + "with intervals below its own: lower-tail p.", sentences);
        Assert.Contains(
            sentences,
            sentence => sentence.StartsWith("Of the right decisions on test images 10.0 % [8.2, 12.0] have", StringComparison.Ordinal));
    }

    private static string[] Sentences(ExperimentResult experiment) => [.. Findings.OnMargins(experiment)];

    private static ExperimentResult Experiment((int Clean, int Attacked)[] right, string[]? digests = null, int unmoved = 0)
    {
        var environment = new RunEnvironment("1", "2", "3", "4", "5", "cpu", 2);
        var attack =
            new StageRecord("ce-attack", "", [], 1, environment, ImmutableSortedDictionary<string, double>.Empty.Add("unmoved", unmoved));
        var runs = Runs.Select(
            (run, i) => new RunResult(run, [new(0, Result(right[i].Clean, right[i].Attacked), [new(1, 0.5)], digests?[i] ?? $"{i}")]));
        return new(new("paper", "n", 0.1, 1, 10), new("other", 50_000, 10_000, 10, "", ""), [.. runs], [new(0, "attack", attack)]);
    }

    private static NetworkResult Result(int clean, int attacked) => new()
    {
        Train = new(1, 1),
        Test = new(clean, 10_000),
        Attacked = new(attacked, 10_000),
        MarginsMet = new(1, 2),
        RightFlagged = new(100, 1000),
        WrongFlagged = new(1, 2),
        AttackedFlagged = new(1, 2),
        Null = [],
        WrongDecisions = [],
        Attack = [Detector("p lower", 0.7), Detector("margin", 0.795), Detector("max softmax", 0.8)],
    };

    private static DetectorResult Detector(string score, double auroc) => new(score, 10, 10, auroc, new(auroc - 0.01, auroc + 0.01), 0.5);
}
