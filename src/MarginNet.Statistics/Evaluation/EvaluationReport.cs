using System.Collections.Immutable;
using System.Numerics.Tensors;
using MarginNet.Detection;
using MarginNet.Margins;

namespace MarginNet.Evaluation;

/// <summary>How good a classifier's decisions, margins and probabilities are on labelled samples; computed from its scores alone,
/// without LibTorch.</summary>
public sealed record EvaluationReport
{
    private EvaluationReport(ConfusionMatrix confusion) =>
        (Confusion, Accuracy, ClassAccuracies) = (confusion, confusion.Accuracy, confusion.ClassAccuracies);

    /// <summary>The right decisions; a tie of scores is decided for the lowest class.</summary>
    public Proportion Accuracy { get; }

    /// <summary>The right decisions of the samples of each class, shape [C].</summary>
    public ImmutableArray<Proportion> ClassAccuracies { get; }

    /// <summary>How many samples of each class were taken for each class.</summary>
    public ConfusionMatrix Confusion { get; }

    /// <summary>Quantiles of the labelled margins, f_c less its strongest rival, negative where a sample is misclassified.</summary>
    public required ImmutableArray<MarginQuantile> LabelledMargins { get; init; }

    /// <summary>Quantiles of the decision margins, equation (2), never negative.</summary>
    public required ImmutableArray<MarginQuantile> DecisionMargins { get; init; }

    /// <summary>The margin μ prescribed; null where none is.</summary>
    public required double? TargetMargin { get; init; }

    /// <summary>The samples whose labelled margin is at least μ; null where none is prescribed.</summary>
    public required Proportion? ConstraintsMet { get; init; }

    /// <summary>The decisions by confidence, lowest first.</summary>
    public required ImmutableArray<CalibrationBin> CalibrationBins { get; init; }

    /// <summary>
    /// The expected calibration error (Guo et al., 2017): Σ over bins of (n_m/N)·|accuracy − mean confidence|, in [0, 1]. The
    /// confidence is the largest softmax probability of f/T; margin training does not make it one,
    /// so a large error is no defect of its margins. A temperature T fitted on held-out samples mends most of it.
    /// </summary>
    public double ExpectedCalibrationError =>
        CalibrationBins.Where(bin => bin.Count > 0).Sum(bin => bin.Count * Math.Abs(bin.Accuracy - bin.Confidence)) / Accuracy.Total;

    /// <summary>The mean negative log-likelihood of the labels, −log softmax(f/T)_c, in nats, at least 0.</summary>
    public required double NegativeLogLikelihood { get; init; }

    /// <summary>Evaluates scores.</summary>
    /// <param name="scores">The scores f of N ≥ 1 samples, shape [N, C].</param>
    /// <param name="labels">True classes c, shape [N], each in [0, C).</param>
    /// <param name="options">What to compute; null for the defaults.</param>
    /// <returns>The report, which does not depend on the order of the samples.</returns>
    /// <exception cref="ArgumentException">There is no sample, or not one label for each.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A label is no class, or an option is out of range.</exception>
    public static EvaluationReport Compute(ScoreMatrix scores, ReadOnlySpan<int> labels, EvaluationOptions? options = null)
    {
        options ??= new();
        options.ThrowIfInvalid();
        ArgumentOutOfRangeException.ThrowIfZero(scores.Count, nameof(scores));
        var labelled = scores.LabelledMargins(labels);
        var (decisions, margins) = scores.Decisions();
        var (confidences, areRight, logLoss) = (new double[labels.Length], new bool[labels.Length], 0.0);
        var row = new double[scores.ClassCount];
        for (var i = 0; i < labels.Length; i++)
        {
            TensorPrimitives.ConvertTruncating<float, double>(scores[i], row);
            TensorPrimitives.Divide(row, options.Temperature, row);
            confidences[i] = LogitScores.MaxSoftmax(row);
            areRight[i] = decisions[i] == labels[i];
            logLoss += LogitScores.Energy(row) - row[labels[i]];
        }

        return new(ConfusionMatrix.Count(labels, decisions, scores.ClassCount))
        {
            LabelledMargins = MarginQuantile.Compute(labelled, options.QuantileLevels),
            DecisionMargins = MarginQuantile.Compute(margins, options.QuantileLevels),
            TargetMargin = options.TargetMargin,
            ConstraintsMet = options.TargetMargin is { } target ? new(labelled.Count(margin => margin >= target), labelled.Length) : null,
            CalibrationBins = CalibrationBin.Part(confidences, areRight, options.CalibrationBins),
            NegativeLogLikelihood = logLoss / labels.Length,
        };
    }
}
