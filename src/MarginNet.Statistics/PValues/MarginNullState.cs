using System.Collections.Immutable;
using MarginNet.Attacks;
using MarginNet.Checkpoints;
using MarginNet.Detection;

namespace MarginNet.PValues;

/// <summary>A <see cref="MarginNullModel"/> as plain values. What follows from others (pooled margins, criteria,
/// distances) is not written.</summary>
internal static class MarginNullState
{
    private const string Training = "training";
    private const string HeldOut = "held-out";
    private const string ByRank = "rank"; // Before, there was the mixture's lower tail alone, and twice the formula was called two-sided.

    // Of radii there are no "margins", so that no reader from before there were any takes the one for the other.
    private const string Radii = "radii";
    private const string Margins = "margins";
    private const string Weights = "weights"; // Of samples of prediction sets, where they have some.

    public static Dictionary<string, object?> Write(MarginNullModel model)
    {
        var state = WriteShared(model);
        if (model.Radii is { } radii)
        {
            state[Radii] = new Dictionary<string, object?>
            {
                ["method"] = radii.Method,
                ["network"] = radii.Network,
                ["constant"] = radii.Constant,
                ["norm"] = radii.Norm.ToString(),
                ["cut"] = radii.IsCut,
            };
        }

        return state;
    }

    private static Dictionary<string, object?> WriteShared(MarginNullModel model) => new()
    {
        ["calibration"] = model.Source == CalibrationSource.HeldOut ? HeldOut : Training,
        ["precision"] = model.Precision == Precision.Float32 ? null : model.Precision.ToString(), // As before there was a choice.
        ["averaging"] = model.Averaging == TestTimeAveraging.None ? null : model.Averaging.ToString(),
        ["p_values"] = ByRank,
        ["temperature"] = model.Temperature,
        ["scores"] = model.Scores is null ? null : WriteScores(model.Scores),
        ["confidences"] = model.Confidences.IsEmpty ? null : WriteByScore(model, own => own.Values),
        ["confidence_weights"] = model.Confidences.Values.Any(own => own.IsWeighted) ? WriteByScore(model, own => own.Weights) : null,
        ["sets"] = model.Sets is null ? null : WriteSets(model.Sets),
        ["rule"] = model.Rule is null ? null : WriteRule(model.Rule),
        ["pooled"] = WriteOrders(model.Pooled.Fit),
        ["pooled_fit_p"] = WriteProbability(model.Pooled.FitPValue),
        ["classes"] = model.Classes.Select<ClassNull, object?>(own => WriteClass(own, model.Radii is null ? Margins : Radii)).ToList(),
    };

    public static MarginNullModel Read(IReadOnlyDictionary<string, object?> state)
    {
        var root = new PlainDictionary(state, "");
        var source = root.Text("calibration") switch
        {
            Training => CalibrationSource.Training,
            HeldOut => CalibrationSource.HeldOut,
            _ => throw root.Unexpected("calibration", $"'{Training}' or '{HeldOut}'"),
        };
        var classes = root.Dictionaries("classes");
        var radii = root.Has(Radii) ? ReadRadii(root.Dictionary(Radii)) : null;
        var margins = classes.Select(own => ReadMargins(own, radii is null ? Margins : Radii)).ToArray();
        var pooled = ReadDistribution(root, "pooled", MarginNullModel.Pool(margins), ReadProbability(root, "pooled_fit_p"));
        var own = classes.Select(
            (c, i) => c.Has("mixtures") ? ReadDistribution(c, "mixtures", margins[i], ReadProbability(c, "fit_p")) : null);
        var isByRank = root.Has("p_values") && (root.Text("p_values") == ByRank ? true : throw root.Unexpected("p_values", $"'{ByRank}'"));
        return new MarginNullModel(
            [.. own.Select((distribution, i) => new ClassNull(margins[i], classes[i].Count("misclassified"), distribution, pooled))],
            pooled,
            source,
            root.Has("precision") ? ReadPrecision(root) : Precision.Float32,
            root.Has("averaging") ? root.Name<TestTimeAveraging>("averaging") : TestTimeAveraging.None,
            radii)
        {
            Rule = root.Has("rule") ? ReadRule(root.Dictionary("rule"), isByRank) : null,
            Temperature = root.Has("temperature") ? ReadTemperature(root) : null,
            Confidences = root.Has("confidences") ? ReadConfidences(root, classes.Length) : [],
            Sets = root.Has("sets") ? ReadSets(root, classes.Length) : null,
            Scores = root.Has("scores") ? ReadScores(root.Dictionary("scores"), classes.Length) : null,
        };
    }

    private static Dictionary<string, object?> WriteClass(ClassNull @class, string key) => new()
    {
        ["misclassified"] = (long)@class.MisclassifiedCount,
        [key] = @class.Margins.ToArray(),
        ["mixtures"] = @class.IsPooled ? null : WriteOrders(@class.Distribution.Fit),
        ["fit_p"] = WriteProbability(@class.FitPValue),
    };

    private static Dictionary<string, object?> WriteRule(FlagRule rule) => new()
    {
        ["null"] = rule.Null.ToString(),
        ["tail"] = rule.Tail.ToString(),
        ["threshold"] = double.IsNegativeInfinity(rule.Threshold.Value) ? null : rule.Threshold.Value,
        ["false_positives"] = (long)rule.Threshold.FalsePositives.Count,
        ["typical"] = (long)rule.Threshold.FalsePositives.Total,
        ["true_positives"] = (long)rule.Threshold.TruePositives.Count,
        ["atypical"] = (long)rule.Threshold.TruePositives.Total,
    };

    private static Dictionary<string, object?> WriteScores(FittedScores scores) => new()
    {
        ["temperature"] = scores.Temperature,
        ["max_logit_order"] = (long)scores.MaxLogitOrder,
        ["margin_order"] = (long)scores.MarginOrder,
        ["relative_uncertainty"] = scores.RelativeUncertainty.Pairs.ToArray(),
    };

    private static List<object?> WriteByScore(MarginNullModel model, Func<WeightedSample, double[]?> numbers) => [.. model.Classes.Select(
        (_, c) => model.Confidences.OrderBy(own => own.Key).ToDictionary(
            own => own.Key.ToString(), object? (own) => numbers(own.Value.Classes[c])))];

    private static List<object?> WriteSets(SetCalibration sets) => [.. sets.Classes.Select((own, c) => new Dictionary<string, object?>
    {
        [Weights] = sets.Weights?[c],
        ["probabilities"] = Array.ConvertAll(own, place => place.Probability),
        ["before"] = Array.ConvertAll(own, place => place.Before),
        ["ranks"] = Array.ConvertAll(own, place => (double)place.Rank),
    })];

    private static double? WriteProbability(double value) => double.IsNaN(value) ? null : value;

    private static List<object?> WriteOrders(GaussianMixtureFit fit) => [.. fit.Orders.Select(order => new Dictionary<string, object?>
    {
        ["weights"] = order.Mixture.Components.Select(c => c.Weight).ToArray(),
        ["means"] = order.Mixture.Components.Select(c => c.Mean).ToArray(),
        ["deviations"] = order.Mixture.Components.Select(c => c.StandardDeviation).ToArray(),
        ["log_likelihood"] = order.LogLikelihood,
        ["iterations"] = (long)order.Iterations,
        ["converged"] = order.Converged,
    })];

    private static double ReadProbability(PlainDictionary parent, string key) => !parent.Has(key) ? double.NaN
        : parent.Number(key) is > 0 and <= 1 and var value ? value
        : throw parent.Unexpected(key, "a number in (0, 1]");

    private static Precision ReadPrecision(PlainDictionary root) => root.Name<Precision>("precision") is not Precision.Auto and var value
        ? value
        : throw root.Unexpected("precision", $"'{Precision.Float32}', '{Precision.BFloat16}' or '{Precision.Float16}'");

    private static double ReadTemperature(PlainDictionary root) =>
        root.Number("temperature") is > 0 and < double.PositiveInfinity and var value
            ? value
            : throw root.Unexpected("temperature", "a number above 0");

    private static FittedScores ReadScores(PlainDictionary scores, int classCount)
    {
        var pairs = scores.Numbers("relative_uncertainty");
        return pairs.Length == classCount * (classCount - 1L) / 2 && pairs.All(pair => pair is >= 0 and < double.PositiveInfinity)
            ? new(ReadTemperature(scores), ReadOrder(scores, "max_logit_order"), ReadOrder(scores, "margin_order"), new(pairs))
            : throw scores.Unexpected("relative_uncertainty", $"finite numbers of at least 0 for the pairs of {classCount} classes");
    }

    private static ImmutableDictionary<ConfidenceScore, EmpiricalNull> ReadConfidences(PlainDictionary root, int classCount)
    {
        var classes = ReadClasses(root, "confidences", classCount);
        var weights = root.Has("confidence_weights") ? ReadClasses(root, "confidence_weights", classCount) : null;
        return classes[0].Keys.ToImmutableDictionary(
            name => Enum.TryParse<ConfidenceScore>(name, out var score) && score.ToString() == name
                ? score
                : throw classes[0].Unexpected(name, "the values of a score that this version knows"),
            name => new EmpiricalNull([.. classes.Select((own, c) =>
            {
                var values = ReadValues(own, name);
                return new WeightedSample(values, weights is null ? null : ReadWeights(weights[c], name, values.Length));
            })]));
    }

    private static PlainDictionary[] ReadClasses(PlainDictionary root, string key, int classCount) =>
        root.Dictionaries(key) is var classes && classes.Length == classCount ? classes : throw root.Unexpected(key, $"{classCount} classes");

    private static double[] ReadValues(PlainDictionary own, string name) =>
        Array.TrueForAll(own.Numbers(name), double.IsFinite) ? own.Numbers(name) : throw own.Unexpected(name, "finite numbers");

    private static double[] ReadWeights(PlainDictionary own, string name, int count)
    {
        var weights = own.Numbers(name);
        return weights.Length == count && Array.TrueForAll(weights, WeightedSample.IsWeight)
            ? weights
            : throw own.Unexpected(name, $"{count} finite numbers of at least 0");
    }

    private static SetCalibration ReadSets(PlainDictionary root, int classCount)
    {
        var classes = ReadClasses(root, "sets", classCount);
        SetCalibration.Place[][] places = [.. classes.Select(own => ReadPlaces(own, classCount))];
        return new(places, classes[0].Has(Weights) ? [.. classes.Select((own, c) => ReadWeights(own, Weights, places[c].Length))] : null);
    }

    private static SetCalibration.Place[] ReadPlaces(PlainDictionary own, int classCount)
    {
        var (p, before, ranks) = (own.Numbers("probabilities"), own.Numbers("before"), own.Numbers("ranks"));
        if (before.Length != p.Length || ranks.Length != p.Length)
            throw own.Unexpected("ranks", $"{p.Length} numbers, as of all three");
        if (!p.All(value => value is >= 0 and <= 1) || !before.All(value => value is >= 0 and < 2))
            throw own.Unexpected("probabilities", "numbers in [0, 1]");

        return ranks.All(rank => rank >= 1 && rank <= classCount && rank == Math.Floor(rank))
            ? [.. ranks.Select((rank, i) => new SetCalibration.Place(p[i], before[i], (int)rank))]
            : throw own.Unexpected("ranks", $"whole numbers from 1 to {classCount}");
    }

    private static int ReadOrder(PlainDictionary scores, string key) => scores.Count(key) is <= FittedScores.LargestOrder and var order
        ? order
        : throw scores.Unexpected(key, $"a count of at most {FittedScores.LargestOrder}");

    /// <summary>Reads a rule; one of version 0.1.0 flags what it did.</summary>
    private static FlagRule ReadRule(PlainDictionary rule, bool isByRank)
    {
        var threshold = new DetectionThreshold(
            rule.Has("threshold") ? rule.Number("threshold") : double.NegativeInfinity,
            ReadProportion(rule, "false_positives", "typical"),
            ReadProportion(rule, "true_positives", "atypical"));
        var (kind, tail) = (rule.Name<NullKind>("null"), rule.Name<PValueTail>("tail"));
        return (isByRank, tail) switch
        {
            (false, PValueTail.Lower) => new(kind, PValueTail.Mixture, threshold),
            (false, PValueTail.TwoSided) => new(kind, PValueTail.Formula, threshold with { Value = threshold.Value / 2 }),
            _ => new(kind, tail, threshold),
        };
    }

    private static Proportion ReadProportion(PlainDictionary rule, string count, string total) => rule.Count(count) <= rule.Count(total)
        ? new(rule.Count(count), rule.Count(total))
        : throw rule.Unexpected(count, $"at most the {rule.Count(total)} under '{total}'");

    private static RadiusOrigin ReadRadii(PlainDictionary radii) => radii.Number("constant") is >= 0 and var constant
        ? new(radii.Text("method"), radii.Text("network"), constant)
        {
            // Before there was a choice there was l2 alone.
            Norm = radii.Has("norm") ? radii.Name<AttackNorm>("norm") : AttackNorm.L2,
            IsCut = radii.Has("cut") && radii.Flag("cut"),
        }
        : throw radii.Unexpected("constant", "a number of at least 0");

    private static double[] ReadMargins(PlainDictionary @class, string key)
    {
        var margins = (double[])@class.Numbers(key).Clone();
        Array.Sort(margins);
        if (margins.Length > 0 && !(margins[0] >= 0 && margins[^1] < double.PositiveInfinity))
            throw @class.Unexpected(key, "finite numbers of at least 0");

        return margins;
    }

    private static NullDistribution ReadDistribution(PlainDictionary parent, string key, double[] sortedMargins, double fitPValue)
    {
        var positive = sortedMargins.Length - (sortedMargins.AsSpan().LastIndexOf(0.0) + 1);
        if (positive == 0)
            throw parent.Unexpected(key, "no mixture where there are no positive margins");

        var fit = new GaussianMixtureFit(positive, [.. parent.Dictionaries(key).Select(order => ReadOrder(order, positive))]);
        return new NullDistribution(fit, sortedMargins).WithFitPValue(fitPValue);
    }

    private static MixtureOrderFit ReadOrder(PlainDictionary order, int count)
    {
        var weights = order.Numbers("weights");
        var means = order.Numbers("means");
        var deviations = order.Numbers("deviations");
        if (means.Length != weights.Length)
            throw order.Unexpected("means", $"{weights.Length} numbers");
        if (deviations.Length != weights.Length)
            throw order.Unexpected("deviations", $"{weights.Length} numbers");

        try
        {
            var mixture = new GaussianMixture([.. weights.Select((weight, k) => new MixtureComponent(weight, means[k], deviations[k]))]);
            var logLikelihood = order.Number("log_likelihood");
            return new MixtureOrderFit(
                mixture, logLikelihood, mixture.Bic(logLikelihood, count), order.Count("iterations"), order.Flag("converged"));
        }
        catch (ArgumentException e)
        {
            throw order.Unexpected("weights", $"a valid mixture ({e.Message})");
        }
    }
}
