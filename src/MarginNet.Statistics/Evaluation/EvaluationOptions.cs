using System.Collections.Immutable;

namespace MarginNet.Evaluation;

/// <summary>What an evaluation computes beside accuracy.</summary>
public sealed record EvaluationOptions
{
    /// <summary>The margin μ that every sample should have, in logits. Default null: none is prescribed.</summary>
    public double? TargetMargin { get; init; }

    /// <summary>Equally wide bins of confidence for the calibration error, at least 1. Default 15 (Guo et al., 2017).</summary>
    public int CalibrationBins { get; init; } = 15;

    /// <summary>The temperature T that the scores are divided by for confidences and the log-likelihood, positive. Default 1;
    /// see <see cref="TemperatureScaling"/>.</summary>
    public double Temperature { get; init; } = 1;

    /// <summary>The shares at which margins have their quantiles, each in [0, 1]. Default the extremes, 1, 5, 25, 50, 75,
    /// 95 and 99 %.</summary>
    public ImmutableArray<double> QuantileLevels { get; init; } = [0, 0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99, 1];

    internal void ThrowIfInvalid()
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(CalibrationBins, 1);
        if (TargetMargin is { } margin && !double.IsFinite(margin))
        {
            throw new ArgumentOutOfRangeException(nameof(TargetMargin), margin, "Expected a finite margin.");
        }

        if (Temperature is not (> 0 and < double.PositiveInfinity))
        {
            throw new ArgumentOutOfRangeException(nameof(Temperature), Temperature, "Expected a positive, finite temperature.");
        }

        foreach (var level in QuantileLevels)
        {
            if (level is not (>= 0 and <= 1))
            {
                throw new ArgumentOutOfRangeException(nameof(QuantileLevels), level, "Expected a share in [0, 1].");
            }
        }
    }
}
