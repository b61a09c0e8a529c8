using MarginNet.Checkpoints;
using MarginNet.Detection;

namespace MarginNet.PValues;

/// <summary>A <see cref="MarginNullModel"/> as plain values. What follows from others (pooled margins, criteria, distances) is not written.</summary>
internal static class MarginNullState
{
    private const string Training = "training";
    private const string HeldOut = "held-out";

    public static Dictionary<string, object?> Write(MarginNullModel model) => new()
    {
        ["calibration"] = model.Source == CalibrationSource.HeldOut ? HeldOut : Training,
        ["rule"] = model.Rule is null ? null : WriteRule(model.Rule),
        ["pooled"] = WriteOrders(model.Pooled.Fit),
        ["classes"] = model.Classes.Select(WriteClass).ToList(),
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
        var margins = classes.Select(ReadMargins).ToArray();
        var pooled = ReadDistribution(root, "pooled", MarginNullModel.Pool(margins));
        var own = classes.Select((c, i) => c.Has("mixtures") ? ReadDistribution(c, "mixtures", margins[i]) : null);
        var rule = root.Has("rule") ? ReadRule(root.Dictionary("rule")) : null;
        return new MarginNullModel([.. own.Select((distribution, i) => new ClassNull(margins[i], classes[i].Count("misclassified"), distribution, pooled))], pooled, source, rule);
    }

    private static object? WriteClass(ClassNull @class) => new Dictionary<string, object?>
    {
        ["misclassified"] = (long)@class.MisclassifiedCount,
        ["margins"] = @class.Margins.ToArray(),
        ["mixtures"] = @class.IsPooled ? null : WriteOrders(@class.Distribution.Fit),
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

    private static List<object?> WriteOrders(GaussianMixtureFit fit) => [.. fit.Orders.Select(order => new Dictionary<string, object?>
    {
        ["weights"] = order.Mixture.Components.Select(c => c.Weight).ToArray(),
        ["means"] = order.Mixture.Components.Select(c => c.Mean).ToArray(),
        ["deviations"] = order.Mixture.Components.Select(c => c.StandardDeviation).ToArray(),
        ["log_likelihood"] = order.LogLikelihood,
        ["iterations"] = (long)order.Iterations,
        ["converged"] = order.Converged,
    })];

    private static FlagRule ReadRule(PlainDictionary rule) => new(
        rule.Name<NullKind>("null"),
        rule.Name<PValueTail>("tail"),
        new DetectionThreshold(
            rule.Has("threshold") ? rule.Number("threshold") : double.NegativeInfinity,
            ReadProportion(rule, "false_positives", "typical"),
            ReadProportion(rule, "true_positives", "atypical")));

    private static Proportion ReadProportion(PlainDictionary rule, string count, string total) => rule.Count(count) <= rule.Count(total)
        ? new(rule.Count(count), rule.Count(total))
        : throw rule.Unexpected(count, $"at most the {rule.Count(total)} under '{total}'");

    private static double[] ReadMargins(PlainDictionary @class)
    {
        var margins = (double[])@class.Numbers("margins").Clone();
        Array.Sort(margins);
        if (margins.Length > 0 && !(margins[0] >= 0 && margins[^1] < double.PositiveInfinity))
            throw @class.Unexpected("margins", "finite numbers of at least 0");

        return margins;
    }

    private static NullDistribution ReadDistribution(PlainDictionary parent, string key, double[] sortedMargins)
    {
        var positive = sortedMargins.Length - (sortedMargins.AsSpan().LastIndexOf(0.0) + 1);
        if (positive == 0)
            throw parent.Unexpected(key, "no mixture where there are no positive margins");

        return new NullDistribution(new GaussianMixtureFit(positive, [.. parent.Dictionaries(key).Select(order => ReadOrder(order, positive))]), sortedMargins);
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
            return new MixtureOrderFit(mixture, logLikelihood, mixture.Bic(logLikelihood, count), order.Count("iterations"), order.Flag("converged"));
        }
        catch (ArgumentException e)
        {
            throw order.Unexpected("weights", $"a valid mixture ({e.Message})");
        }
    }
}
