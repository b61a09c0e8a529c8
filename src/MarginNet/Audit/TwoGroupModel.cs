namespace MarginNet.Audit;

/// <summary>
/// The two-group model of a statistic, p(x) = π p₀(x) + (1 − π) p₁(x): the wrong labels are the lower part, the right ones the upper.
/// Both parts are skew-normal, fitted by EM.
/// </summary>
/// <param name="WrongShare">π, the estimated share of wrong labels, in (0, 1).</param>
/// <param name="Wrong">The lower part.</param>
/// <param name="Right">The upper part.</param>
/// <param name="BicGain">By how much the Bayesian information criterion prefers two parts to one, above 0.</param>
public sealed record TwoGroupModel(double WrongShare, SkewNormal Wrong, SkewNormal Right, double BicGain)
{
    /// <summary>The fewest samples that a model is fitted to.</summary>
    public const int MinSamples = 200;

    /// <summary>The least <see cref="Separation"/> of parts that can be told: nearer ones make one hump,
    /// whose halves are anyone's guess.</summary>
    public const double MinSeparation = 2;

    /// <summary>Ashman's D, the distance of the means over the root mean square of the deviations.</summary>
    public double Separation => (Right.Mean - Wrong.Mean)
        / Math.Sqrt(((Wrong.StandardDeviation * Wrong.StandardDeviation) + (Right.StandardDeviation * Right.StandardDeviation)) / 2);

    /// <summary>Fits the model.</summary>
    /// <param name="values">The statistic, such as mean margins, below 0 where the label loses to another class; shape [N], finite.</param>
    /// <returns>The model, or null and, in one line, why it cannot be told.</returns>
    /// <exception cref="ArgumentException">A value is NaN or infinite.</exception>
    public static (TwoGroupModel? Model, string? Doubt) Fit(ReadOnlySpan<double> values)
    {
        foreach (var value in values)
        {
            if (!double.IsFinite(value))
            {
                throw new ArgumentException(FormattableString.Invariant($"Expected finite values, but got {value}."), nameof(values));
            }
        }

        if (values.Length < MinSamples)
        {
            return (null, $"there are {values.Length} samples, and a model needs {MinSamples}");
        }

        var cells = WeightedCells.Of(values);
        if (cells is null)
        {
            return (null, "all values are equal");
        }

        var (one, two) = (SkewNormalMixture.Fit(cells, parts: 1), SkewNormalMixture.Fit(cells, parts: 2));
        var gain = one.Bic(values.Length) - two.Bic(values.Length);
        var (lower, upper) = two.Parts[0].Mean <= two.Parts[1].Mean ? (0, 1) : (1, 0);
        var (wrong, right) = (two.Parts[lower], two.Parts[upper]);
        var model = new TwoGroupModel(two.Weights[lower], wrong, right, gain);
        return gain <= 0 ? (null, "one part describes the values as well as two, so wrong and right labels are not apart")
            : model.Separation < MinSeparation ? (null, FormattableString.Invariant(
                $"wrong and right labels are not apart: the two means differ by {model.Separation:f1} deviations, and {MinSeparation} are needed"))
            : wrong.Mean >= 0 ? (null, FormattableString.Invariant(
                $"the lower of the two parts has the mean {wrong.Mean:g3}, above 0: these are labels that win, so few are wrong"))
            : (model, null);
    }

    /// <summary>The posterior probability that a label is right, P(right | x) = (1 − π) p₁(x)/p(x).</summary>
    /// <param name="x">The statistic, finite.</param>
    public double RightProbability(double x)
    {
        var odds = Math.Log(WrongShare / (1 - WrongShare)) + Wrong.LogDensity(x) - Right.LogDensity(x);
        return 1 / (1 + Math.Exp(odds));
    }

    /// <summary>The share of right labels whose statistic is at most <paramref name="x"/>.</summary>
    /// <param name="x">The statistic.</param>
    public double PValue(double x) => Right.LowerTail(x);

    /// <summary>
    /// Computes p-values, and of each sample the mean of the posterior that the label is right over all that are at least as suspicious: the
    /// expected share of right labels if it and those are flagged. The posterior is taken not to fall where the statistic rises.
    /// </summary>
    /// <param name="values">The statistic, shape [N].</param>
    /// <param name="p">Receives the p-values, shape [N].</param>
    /// <param name="adjusted">Receives the adjusted ones, shape [N], increasing in the statistic; equal values have equal ones.</param>
    public void Judge(ReadOnlySpan<double> values, Span<double> p, Span<double> adjusted)
    {
        var (sorted, order) = (values.ToArray(), new int[values.Length]);
        for (var i = 0; i < order.Length; i++)
        {
            order[i] = i;
        }

        Array.Sort(sorted, order);
        var posterior = new double[sorted.Length];
        var most = 0.0;
        for (var i = 0; i < sorted.Length; i++)
        {
            posterior[i] = most = Math.Max(most, RightProbability(sorted[i]));
            p[order[i]] = PValue(sorted[i]);
        }

        var sum = 0.0;
        for (var start = 0; start < sorted.Length;)
        {
            var end = start;
            for (; end < sorted.Length && sorted[end] == sorted[start]; end++)
            {
                sum += posterior[end];
            }

            for (; start < end; start++)
            {
                adjusted[order[start]] = sum / end;
            }
        }
    }
}
