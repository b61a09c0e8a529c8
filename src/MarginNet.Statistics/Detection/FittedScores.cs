using MarginNet.Arrays;
using MarginNet.Margins;

namespace MarginNet.Detection;

/// <summary>The confidence scores that need fitting, to samples other than those they score. All are larger for typical samples.</summary>
/// <param name="Temperature">The temperature T of the softmax, positive and finite.</param>
/// <param name="MaxLogitOrder">The order p of MaxLogit-pNorm, in [1, 10], or 0 where it falls back to the maximum softmax
/// probability.</param>
/// <param name="MarginOrder">The same of the margin of p-normalised logits.</param>
/// <param name="RelativeUncertainty">Rel-U.</param>
public sealed record FittedScores(double Temperature, int MaxLogitOrder, int MarginOrder, RelativeUncertainty RelativeUncertainty)
{
    /// <summary>The largest order p that is tried, 10.</summary>
    public const int LargestOrder = 10;

    /// <summary>
    /// Fits the scores. The orders are those of least area under the risk-coverage curve (<see cref="DetectionMetrics.Aurc"/>),
    /// the maximum softmax probability first and then from the smallest, where they tie; the maximum softmax probability where no
    /// decision is wrong, or none right (Cattelan and Silva 2024).
    /// </summary>
    /// <param name="logits">Class scores f of samples other than those to be scored, shape [N, C] with C ≥ 2, finite.</param>
    /// <param name="labels">True classes, shape [N].</param>
    /// <param name="temperature">The temperature of the softmax, such as <c>TemperatureScaling.Fit</c> finds it.</param>
    /// <returns>The fitted scores.</returns>
    /// <exception cref="ArgumentException">There are fewer than two classes, a score is not finite, there is not one label for each sample,
    /// or the temperature is out of range.</exception>
    public static FittedScores Fit(NumericArray logits, ReadOnlySpan<int> labels, double temperature)
    {
        var uncertainty = RelativeUncertainty.Fit(logits, labels);
        if (temperature is not (> 0 and < double.PositiveInfinity))
            throw new ArgumentOutOfRangeException(nameof(temperature), temperature, "Expected a positive, finite temperature.");

        var isRight = new bool[logits.Rows];
        for (var i = 0; i < isRight.Length; i++)
            isRight[i] = DecisionMargin.Compute(logits.Row(i)).Class == labels[i];

        if (Array.TrueForAll(isRight, right => right) || !Array.Exists(isRight, right => right))
            return new FittedScores(temperature, 0, 0, uncertainty);

        var (maxLogit, margin) = (new double[LargestOrder + 1], new double[LargestOrder + 1]);
        Parallel.For(0, LargestOrder + 1, order =>
        {
            maxLogit[order] = Aurc(logits, isRight, row => MaxLogit(row, order));
            margin[order] = Aurc(logits, isRight, row => Margin(row, order));
        });
        return new FittedScores(
            temperature, Array.IndexOf(maxLogit, maxLogit.Min()), Array.IndexOf(margin, margin.Min()), uncertainty);
    }

    /// <summary>Computes the log-odds of the maximum of softmax(f/T)
    /// (<see cref="LogitScores.MaxSoftmaxLogOdds(ReadOnlySpan{double}, double)"/>).</summary>
    /// <param name="logits">Class scores f, shape [C] with C ≥ 2, finite.</param>
    /// <returns>A number of at most the margin over T.</returns>
    public double MaxSoftmax(ReadOnlySpan<double> logits) => LogitScores.MaxSoftmaxLogOdds(logits, Temperature);

    /// <summary>Computes MaxLogit-pNorm (<see cref="LogitScores.MaxLogitPNorm"/>), or the log-odds of the maximum softmax
    /// probability.</summary>
    /// <param name="logits">Class scores f, shape [C] with C ≥ 2, finite.</param>
    /// <returns>The score.</returns>
    public double MaxLogit(ReadOnlySpan<double> logits) => MaxLogit(logits, MaxLogitOrder);

    /// <summary>Computes the margin of p-normalised logits (<see cref="LogitScores.MarginPNorm"/>),
    /// or the log-odds of the maximum softmax probability.</summary>
    /// <param name="logits">Class scores f, shape [C] with C ≥ 2, finite.</param>
    /// <returns>The score.</returns>
    public double Margin(ReadOnlySpan<double> logits) => Margin(logits, MarginOrder);

    /// <summary>Computes a score, fitted or not.</summary>
    /// <param name="logits">Class scores f, shape [C] with C ≥ 2, finite, of as many classes as Rel-U is fitted to.</param>
    /// <param name="score">Which score.</param>
    /// <returns>The score, larger for typical samples.</returns>
    /// <exception cref="ArgumentException">There are fewer than two logits or other classes, one is not finite, or the score is none of those
    /// defined.</exception>
    public double Compute(ReadOnlySpan<double> logits, ConfidenceScore score) => score switch
    {
        ConfidenceScore.Margin => LogitScores.Margin(logits),
        ConfidenceScore.MaxSoftmax => LogitScores.MaxSoftmaxLogOdds(logits),
        ConfidenceScore.MaxSoftmaxT => MaxSoftmax(logits),
        ConfidenceScore.MaxLogit => LogitScores.MaxLogit(logits),
        ConfidenceScore.MaxLogitPNorm => MaxLogit(logits),
        ConfidenceScore.MarginPNorm => Margin(logits),
        ConfidenceScore.Energy => LogitScores.Energy(logits),
        ConfidenceScore.Entropy => LogitScores.NegativeEntropy(logits),
        ConfidenceScore.DoctorAlpha => LogitScores.DoctorAlpha(logits),
        ConfidenceScore.Gen => LogitScores.GeneralizedEntropy(logits),
        ConfidenceScore.RelU => RelativeUncertainty.Score(logits),
        _ => throw new ArgumentOutOfRangeException(nameof(score), score, "Expected a defined score."),
    };

    private static double MaxLogit(ReadOnlySpan<double> logits, int order) =>
        order == 0 ? LogitScores.MaxSoftmaxLogOdds(logits) : LogitScores.MaxLogitPNorm(logits, order);

    private static double Margin(ReadOnlySpan<double> logits, int order) =>
        order == 0 ? LogitScores.MaxSoftmaxLogOdds(logits) : LogitScores.MarginPNorm(logits, order);

    private static double Aurc(NumericArray logits, bool[] isRight, Func<ReadOnlySpan<double>, double> score)
    {
        var (right, wrong) = (new List<double>(), new List<double>());
        for (var i = 0; i < isRight.Length; i++)
            (isRight[i] ? right : wrong).Add(score(logits.Row(i)));

        return new ScoreTable([.. right], [.. wrong]).Aurc();
    }
}
