using System.Collections.Immutable;
using MarginNet.Detection;
using MarginNet.PValues;

namespace MarginNet.Tests.PValues;

public sealed class MarginNullStateTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("marginnet-null-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void A_model_survives_its_plain_values_bit_for_bit()
    {
        var model = Model();
        AssertSame(model, MarginNullModel.FromState(model.ToState()));
    }

    [Fact]
    public void A_model_survives_its_file_bit_for_bit()
    {
        var model = Model();
        var path = Path.Combine(_folder, "null.json");
        File.WriteAllText(path, "an older file");
        model.Save(path);
        AssertSame(model, MarginNullModel.Load(path));
        Assert.Single(Directory.GetFiles(_folder));
    }

    [Theory]
    [InlineData("calibration")]
    [InlineData("rule")]
    [InlineData("pooled")]
    [InlineData("classes")]
    [InlineData("p_values", true)]
    [InlineData("temperature", true)]
    [InlineData("scores", true)]
    [InlineData("confidences", true)]
    [InlineData("pooled_fit_p", true)]
    public void A_missing_or_wrong_value_is_named_by_its_key(string key, bool mayBeMissing = false)
    {
        var state = Model().ToState();
        foreach (var wrong in new object?[] { -7L, "sideways", new List<object?> { "x" } })
        {
            state[key] = wrong;
            Assert.Contains(
                $"'{key}", Assert.Throws<InvalidDataException>(() => MarginNullModel.FromState(state)).Message, StringComparison.Ordinal);
        }

        state.Remove(key);
        if (mayBeMissing)
            Assert.NotNull(MarginNullModel.FromState(state));
        else if (key == "rule")
            Assert.Null(MarginNullModel.FromState(state).Rule);
        else
            Assert.Contains(
                $"'{key}'", Assert.Throws<InvalidDataException>(() => MarginNullModel.FromState(state)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("weights", new[] { 0.5 })]
    [InlineData("weights", new[] { double.NaN })]
    [InlineData("means", new[] { 0.5, 1 })]
    [InlineData("deviations", new[] { 0.0 })]
    [InlineData("log_likelihood", null)]
    [InlineData("converged", new[] { 0.5 })]
    public void A_mixture_that_is_none_is_named_by_its_key(string key, double[]? wrong)
    {
        var state = Model().ToState();
        var order = (Dictionary<string, object?>)((List<object?>)state["pooled"]!)[0]!;
        order[key] = wrong;
        Assert.Contains(
            "'pooled[0].", Assert.Throws<InvalidDataException>(() => MarginNullModel.FromState(state)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("null", "Nobody")]
    [InlineData("tail", "3")]
    [InlineData("threshold", "low")]
    [InlineData("typical", -1L)]
    [InlineData("false_positives", 302L)]
    public void A_rule_that_is_none_is_named_by_its_key(string key, object wrong)
    {
        var state = Model().ToState();
        ((Dictionary<string, object?>)state["rule"]!)[key] = wrong;
        Assert.Contains(
            $"'rule.{key}'", Assert.Throws<InvalidDataException>(() => MarginNullModel.FromState(state)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("temperature", 0.0)]
    [InlineData("max_logit_order", 11L)]
    [InlineData("margin_order", -1L)]
    [InlineData("relative_uncertainty", new[] { 1.0, 2 })]
    [InlineData("relative_uncertainty", new[] { 1.0, -2, 0 })]
    public void Scores_that_are_none_are_named_by_their_key(string key, object wrong)
    {
        var state = Model().ToState();
        ((Dictionary<string, object?>)state["scores"]!)[key] = wrong;
        Assert.Contains(
            $"'scores.{key}'", Assert.Throws<InvalidDataException>(() => MarginNullModel.FromState(state)).Message,
            StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => Model().WithScores(new(1, 0, 0, new([1]))));
    }

    [Fact]
    public void Values_of_confidence_scores_that_are_none_are_named_by_their_key()
    {
        void Refuses(string key, Action<List<object?>> damage)
        {
            var state = Model().ToState();
            damage((List<object?>)state["confidences"]!);
            Assert.Contains(key, Assert.Throws<InvalidDataException>(() => MarginNullModel.FromState(state)).Message, StringComparison.Ordinal);
        }

        Refuses("'confidences[0].Mystery'", classes => ((Dictionary<string, object?>)classes[0]!)["Mystery"] = new[] { 1.0 });
        Refuses("'confidences[1].Gen'", classes => ((Dictionary<string, object?>)classes[1]!)["Gen"] = new[] { double.NaN });
        Refuses("'confidences[2].Gen'", classes => ((Dictionary<string, object?>)classes[2]!).Remove("Gen"));
        var damaged = Model().ToState();
        ((Dictionary<string, object?>)((List<object?>)damaged["confidence_weights"]!)[0]!)["Gen"] = new[] { 1.0 };
        Assert.Contains(
            "'confidence_weights[0].Gen'", Assert.Throws<InvalidDataException>(() => MarginNullModel.FromState(damaged)).Message,
            StringComparison.Ordinal);
        Refuses("'confidences'", classes => classes.RemoveAt(2));
        var ofTwo = EmpiricalNull.Fit([1], [0], 2);
        Assert.Throws<ArgumentException>(
            () => Model().WithConfidences(Model().Confidences.SetItem(ConfidenceScore.Energy, ofTwo)));
    }

    [Fact]
    public void A_rule_that_flags_nothing_survives_its_file()
    {
        var rule = new FlagRule(NullKind.Class, PValueTail.Lower, new(double.NegativeInfinity, new(0, 9), default));
        var path = Path.Combine(_folder, "null.json");
        Model().WithRule(rule).Save(path);
        Assert.Equal(rule, MarginNullModel.Load(path).Rule);
    }

    [Theory]
    [InlineData(PValueTail.Lower)]
    [InlineData(PValueTail.TwoSided)]
    [InlineData(PValueTail.Formula)]
    [InlineData(PValueTail.Empirical)]
    public void A_model_of_version_0_1_0_is_read_and_its_rule_flags_what_it_did(PValueTail tail)
    {
        // What 0.1.0 wrote: no word on p-values, the lower tail being the mixture's and the two-sided one twice the formula.
        var model = Model().WithRule(new FlagRule(NullKind.Class, tail, new(0.1, new(3, 301), new(1, 1))));
        var state = model.ToState();
        foreach (var key in new[] { "p_values", "temperature", "scores", "pooled_fit_p" })
            state.Remove(key);
        foreach (var own in ((List<object?>)state["classes"]!).Cast<Dictionary<string, object?>>())
            own.Remove("fit_p");

        var old = MarginNullModel.FromState(state);
        Assert.True(double.IsNaN(old.Pooled.FitPValue));
        Assert.Equal(model.Rule!.Threshold.FalsePositives, old.Rule!.Threshold.FalsePositives);
        for (var margin = 0.0; margin < 20; margin += 0.01)
        {
            var p = model.Score(margin, 0);
            var before = tail switch
            {
                PValueTail.Lower =>
                p.Mixture,
                PValueTail.TwoSided => 2 * p.Formula,
                PValueTail.Formula => p.Formula,
                _ => p.Empirical
            };
            Assert.Equal(before <= 0.1, old.Rule.Flags(old.Score(margin, 0)));
            Assert.Equal(p, old.Score(margin, 0));
        }
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(double.NaN)]
    [InlineData(double.PositiveInfinity)]
    public void Margins_that_are_none_are_named_by_their_key(double wrong)
    {
        var state = Model().ToState();
        ((Dictionary<string, object?>)((List<object?>)state["classes"]!)[1]!)["margins"] = new[] { 1, wrong };
        Assert.Contains(
            "'classes[1].margins'", Assert.Throws<InvalidDataException>(() => MarginNullModel.FromState(state)).Message,
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("[1, 2]")]
    [InlineData("{\"calibration\": \"training\"}")]
    [InlineData("{\"calibration\": \"training\", \"calibration\": \"training\"}")]
    [InlineData("{\"calibration\": \"\\ud800\"}")]
    [InlineData("{\"\\ud800\": 1}")]
    [InlineData("{\"calibration\": \"\\u001b\\n\"}")]
    public void A_file_that_holds_no_model_is_named(string content)
    {
        var path = Path.Combine(_folder, "bad.json");
        File.WriteAllText(path, content);
        var message = Assert.Throws<InvalidDataException>(() => MarginNullModel.Load(path)).Message;
        Assert.Contains(path, message, StringComparison.Ordinal);
        Assert.DoesNotContain(message, char.IsControl);
    }

    [Fact]
    public void A_file_that_cannot_be_written_leaves_nothing_behind()
    {
        Assert.ThrowsAny<IOException>(() => Model().Save(Path.Combine(_folder, "no", "such", "folder.json")));
        Assert.Empty(Directory.GetFiles(_folder));
    }

    private static MarginNullModel Model()
    {
        var random = new Random(1);
        double[] margins = [0, .. Enumerable.Range(0, 300).Select(_ => Math.Exp(random.Normal()))];
        int[] predicted = [.. margins.Select((_, i) => i == 0 ? 2 : i % 2)];
        return MarginNullModel.Fit([.. margins, 5], [.. predicted, 0], [.. predicted, 1], 3, new() { Source = CalibrationSource.HeldOut })
            .WithTemperature(2.5)
            .WithScores(new FittedScores(1.5, 3, 0, new([0.5, 0, 0.1])))
            .WithConfidences(new Dictionary<ConfidenceScore, EmpiricalNull>
            {
                [ConfidenceScore.Gen] = EmpiricalNull.Fit([-3, -1, -2, -2.5], [0, 0, 1, 0], 3, [1, 2, 0.5, 0.25]),
            }.ToImmutableDictionary())
            .WithRule(new FlagRule(
                NullKind.ErrorWeighted, PValueTail.Empirical,
                new DetectionThreshold(0.0125, new Proportion(3, 301), new Proportion(1, 1))));
    }

    private static void AssertSame(MarginNullModel expected, MarginNullModel actual)
    {
        Assert.Equal(expected.Source, actual.Source);
        Assert.Equal(expected.Rule, actual.Rule);
        Assert.Equal(expected.Temperature, actual.Temperature);
        Assert.Equal(expected.Scores!.RelativeUncertainty.Pairs.AsEnumerable(), actual.Scores!.RelativeUncertainty.Pairs);
        Assert.Equal(expected.Scores, actual.Scores with { RelativeUncertainty = expected.Scores.RelativeUncertainty });
        Assert.Equal(expected.Confidences.Keys, actual.Confidences.Keys);
        Assert.All(new[] { -4, -3, -2.5, -1.5, 0 }, score => Assert.All(new[] { 0, 1, 2 }, c => Assert.All(
            new[] { NullKind.Class, NullKind.Pooled },
            kind => Assert.Equal(
                expected.Confidences[ConfidenceScore.Gen].PValue(score, c, kind),
                actual.Confidences[ConfidenceScore.Gen].PValue(score, c, kind)))));
        Assert.Equal(expected.Pooled.FitPValue, actual.Pooled.FitPValue);
        Assert.Equal(expected.MisclassifiedCount, actual.MisclassifiedCount);
        Assert.Equal(expected.Pooled.Fit.Orders.Select(o => o.Bic), actual.Pooled.Fit.Orders.Select(o => o.Bic));
        Assert.Equal(expected.Pooled.Fit.Iterations, actual.Pooled.Fit.Iterations);
        for (var c = 0; c < expected.Classes.Length; c++)
        {
            Assert.Equal(expected.Classes[c].IsPooled, actual.Classes[c].IsPooled);
            Assert.Equal(expected.Classes[c].ZeroCount, actual.Classes[c].ZeroCount);
            Assert.Equal(expected.Classes[c].KolmogorovSmirnov, actual.Classes[c].KolmogorovSmirnov);
            Assert.Equal(expected.Classes[c].FitPValue, actual.Classes[c].FitPValue);
            for (var margin = 0.0; margin < 9; margin += 0.1)
                foreach (var kind in Enum.GetValues<NullKind>())
                    Assert.Equal(expected.Score(margin, c, kind), actual.Score(margin, c, kind));
        }
    }
}
