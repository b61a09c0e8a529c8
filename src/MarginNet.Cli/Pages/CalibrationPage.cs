using System.Collections.Immutable;
using System.Globalization;
using MarginNet.Cli.Figures;
using MarginNet.Cli.Input;
using MarginNet.Cli.Options;
using MarginNet.Cli.Output;
using MarginNet.PValues;

namespace MarginNet.Cli.Pages;

/// <summary>A null model to look at: whether its mixtures describe the margins they were fitted to, and what is flagged.</summary>
/// <param name="nullModel">The null model, with its rule.</param>
/// <param name="samples">The samples it is of.</param>
/// <param name="choice">How its threshold was chosen, in words.</param>
/// <param name="thumbnails">How many pictures there may be.</param>
internal sealed class CalibrationPage(MarginNullModel nullModel, Samples samples, string choice, int thumbnails)
{
    private const int MostOfClass = 12; // pictures

    private readonly ImmutableArray<string> _names = samples.ClassNames;
    private readonly string _statistic = nullModel.Radii is null ? "margin" : "radius";

    public Page Compose(string subject, string command) => new(
        $"Null model of {CalibrationWarnings.Subject(nullModel)}",
        Html.Format($"What is typical of each class, {subject}: a mixture of Gaussians describes the log-{CalibrationWarnings.Subject(nullModel)} of its right decisions."),
        command,
        [
            new("mixtures", "Mixtures", FigureHtml.Embed(MixturePlot.Draw(nullModel, _names, _statistic))),
            new("p-p", "P-P plot", FigureHtml.Embed(
                UniformityPlot.Figure("uniformity", "Do the mixtures describe what they were fitted to?", nullModel, _names))),
            new("classes", "Classes", Classes()),
            new("images", $"The smallest {CalibrationWarnings.Subject(nullModel)} of each class", Images(), "Images"),
        ])
    {
        Facts = [.. Facts()],
    };

    private IEnumerable<PageFact> Facts()
    {
        var (rule, pooled) = (nullModel.Rule!, nullModel.Pooled);
        yield return new("right decisions", Text($"{pooled.SampleCount:n0}"), Text($"of {samples.Count:n0} samples; calibrated on"));
        yield return new("threshold", Text($"{rule.Threshold.Value:g3}"), Text($"p, {FlagOptions.Describe(rule.Tail, rule.Null)}: {choice}"));
        yield return new("wrong decisions flagged", Rate(rule.Threshold.TruePositives), Of(rule.Threshold.TruePositives));
        yield return new("right decisions flagged", Rate(rule.Threshold.FalsePositives), Of(rule.Threshold.FalsePositives));
        yield return new(
            "source", nullModel.Source == CalibrationSource.HeldOut ? "held out" : "training samples",
            nullModel.Source == CalibrationSource.HeldOut ? "of training" : "fresh ones are flagged more often");
    }

    private Html Classes() => ScrollTable.Sortable(
        "The distance is that of Kolmogorov and Smirnov, of the p-values of the same samples by the mixture from uniform, and p of fit how "
            + "likely so large a one is if the mixture is right; * has too few samples, and is scored by those of all classes.",
        [
            ScrollTable.Head("class"), ScrollTable.NumberHead("right"), ScrollTable.NumberHead("wrong, left out"),
            ScrollTable.NumberHead($"zero {CalibrationWarnings.Subject(nullModel)}"), ScrollTable.NumberHead("components"),
            ScrollTable.NumberHead("distance"), ScrollTable.NumberHead("p of fit"), ScrollTable.NumberHead("smallest p"),
            ScrollTable.Head($"mixture of log-{CalibrationWarnings.Subject(nullModel)}: weight N(mean, deviation)"),
        ],
        nullModel.Classes.Select((own, c) => ScrollTable.Row(
            own.IsPooled ? $"{_names[c]} *" : _names[c],
            ScrollTable.Number($"{own.SampleCount:n0}"),
            ScrollTable.Number($"{own.MisclassifiedCount:n0}"),
            ScrollTable.Number($"{own.ZeroCount:n0}"),
            ScrollTable.Number($"{own.Distribution.Fit.Mixture.Components.Length}"),
            CalibrationWarnings.IsPoor(own)
                ? Html.Format($"<td class=\"n differs\">{own.KolmogorovSmirnov:f3} poor</td>")
                : Number(own.KolmogorovSmirnov),
            Number(own.FitPValue),
            ScrollTable.Number($"{own.Distribution.SmallestPValue:g3}"),
            Html.Format($"<td class=\"keep\">{Mixture(own)}</td>"))));

    private Html Images()
    {
        if (SampleCard.Missing(samples, thumbnails) is { } missing)
        {
            return missing;
        }

        var each = Math.Clamp(thumbnails / _names.Length, 1, MostOfClass);
        int[] shown = [.. Enumerable.Range(0, samples.Count)
            .Where(i => samples.IsRight(i))
            .GroupBy(i => samples.Predicted[i])
            .OrderBy(group => group.Key)
            .SelectMany(group => group.OrderBy(i => samples.Statistic[i]).Take(each))
            .Take(thumbnails)];
        return Gallery.Compose(
            Text($"The right decisions of smallest {_statistic}, {each} of each class: the edge of what counts as typical."),
            [.. shown.Select(i => SampleCard.Compose(samples, i, Html.Format($"{_statistic} {samples.Statistic[i]:g2}")))]);
    }

    private static string Mixture(ClassNull own) => string.Join(
        " + ", own.Distribution.Fit.Mixture.Components.Select(c => Text($"{c.Weight:f2} N({c.Mean:f2}, {c.StandardDeviation:f2})")));

    private static Html Number(double value) => double.IsNaN(value) ? ScrollTable.Number($"-") : ScrollTable.Number($"{value:f3}");

    private static string Rate(Detection.Proportion share) => share.Total == 0 ? "-" : Text($"{share.Rate:p1}");

    private static string Of(Detection.Proportion share) => Text($"{share.Count:n0} of {share.Total:n0}");

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
