using MarginNet.Arrays;
using MarginNet.Detection;

namespace MarginNet.PValues;

/// <summary>
/// Split-conformal prediction sets: the classes that a sample may be of, with the true one among them at a stated rate,
/// whatever the network, if calibration samples and fresh ones are exchangeable.
/// </summary>
public sealed class PredictionSets
{
    private readonly PredictionSetOptions _options;
    private readonly WeightedSample[] _groups; // the scores of the true classes: of each class, or of all

    internal PredictionSets(PredictionSetOptions options, int classCount, bool isRandomized, WeightedSample[] groups) =>
        (_options, ClassCount, IsRandomized, _groups) = (options, classCount, isRandomized, groups);

    /// <summary>The number of classes C.</summary>
    public int ClassCount { get; }

    /// <summary>Whether sets depend on draws.</summary>
    public bool IsRandomized { get; }

    /// <summary>Whether the calibration samples have weights, as those to predict for then need.</summary>
    public bool IsWeighted => Array.TrueForAll(_groups, group => group.Weights is not null);

    /// <summary>Calibrates.</summary>
    /// <param name="logits">Class scores f of samples that were not trained on, shape [N, C], finite.</param>
    /// <param name="labels">True classes, shape [N], each in [0, C).</param>
    /// <param name="options">How sets are made, or null for the defaults.</param>
    /// <param name="draws">Of APS and RAPS: what draws u in [0, 1), by which p_y counts, so that the coverage is met and not exceeded.
    /// Default null: u = 1, and sets are larger.</param>
    /// <param name="weights">How many times as likely each sample is where the sets are used, up to a common factor
    /// (covariate shift, Tibshirani et al. 2019), shape [N], finite and at least 0. Default empty: all alike.</param>
    /// <returns>The calibrated sets.</returns>
    /// <exception cref="ArgumentException">There is not one label, or weight, for each sample, or a number is out of range; the
    /// message names
    /// its index.</exception>
    public static PredictionSets Fit(
        NumericArray logits, ReadOnlySpan<int> labels, PredictionSetOptions? options = null, Random? draws = null,
        ReadOnlySpan<double> weights = default)
    {
        ArgumentNullException.ThrowIfNull(logits);
        options ??= new PredictionSetOptions();
        ThrowIfInvalid(options);
        if (labels.Length != logits.Rows)
            throw new ArgumentException($"Expected {logits.Rows} labels, one for each sample, but got {labels.Length}.", nameof(labels));

        WeightedSample.ThrowIfInvalid(weights, logits.Rows, nameof(weights));
        var own = new double[logits.Rows];
        var scores = new double[logits.Columns];
        for (var i = 0; i < labels.Length; i++)
        {
            if ((uint)labels[i] >= (uint)logits.Columns)
                throw new ArgumentException(
                    $"Expected labels in [0, {logits.Columns}), but the one at index {i} is {labels[i]}.", nameof(labels));

            Score(options, logits.Row(i), draws?.NextDouble() ?? 1, scores);
            own[i] = scores[labels[i]];
        }

        var ((classes, masses), groups) = ((labels.ToArray(), weights.ToArray()), options.IsClassConditional ? logits.Columns : 1);
        return new PredictionSets(
            options, logits.Columns, draws is not null && options.Score != NonconformityScore.Lac,
            [.. Enumerable.Range(0, groups).Select(group =>
            {
                int[] samples = [.. Enumerable.Range(0, own.Length).Where(i => groups == 1 || classes[i] == group)];
                return new WeightedSample(
                    Array.ConvertAll(samples, i => own[i]), masses.Length == 0 ? null : Array.ConvertAll(samples, i => masses[i]));
            })]);
    }

    /// <summary>Finds the classes y whose score is at most that of the calibration samples at the level coverage·(n + 1)/n, or, of
    /// weighted ones, at the level coverage of their weights with the sample's own put at infinity.</summary>
    /// <param name="logits">Class scores f of one sample, shape [C], finite.</param>
    /// <param name="coverage">The rate at which the true class is to be in the set, in [0, 1).</param>
    /// <param name="draws">What draws u; null where the calibration had none, which LAC never has.</param>
    /// <param name="weight">The sample's own weight, finite and at least 0. Default 1.</param>
    /// <returns>The classes, the most probable first; all where too few samples were calibrated on for that coverage.</returns>
    /// <exception cref="ArgumentException">There are not as many logits as classes, one is not finite, a number is out of range, or draws
    /// are missing or not called for.</exception>
    public int[] Predict(ReadOnlySpan<double> logits, double coverage, Random? draws = null, double weight = 1)
    {
        if (logits.Length != ClassCount)
            throw new ArgumentException($"Expected the logits of {ClassCount} classes, but got {logits.Length}.", nameof(logits));
        if (coverage is not (>= 0 and < 1))
            throw new ArgumentOutOfRangeException(nameof(coverage), coverage, "Expected a coverage in [0, 1).");
        WeightedSample.ThrowIfInvalid(weight, nameof(weight));
        if (IsRandomized != draws is not null)
            throw new ArgumentException(
                IsRandomized ? "Calibrated with draws, so that sets need some, too." : "Calibrated without draws: leave them out.",
                nameof(draws));

        var scores = new double[ClassCount];
        var order = Score(_options, logits, draws?.NextDouble() ?? 1, scores);
        return Array.FindAll(order, y =>
        {
            var group = _groups[_options.IsClassConditional ? y : 0];
            // At most the quantile: the weight of smaller ones does not reach the level.
            return group.MassBelow(scores[y]) < coverage * (group.Mass + weight) * (1 - DetectionThreshold.Rounding);
        });
    }

    /// <summary>The scores of all classes, and the classes from the most probable on.</summary>
    private static int[] Score(PredictionSetOptions options, ReadOnlySpan<double> logits, double u, double[] scores)
    {
        var places = new SetCalibration.Place[logits.Length];
        var order = SetCalibration.Place.Of(logits, places);
        for (var y = 0; y < scores.Length; y++)
            scores[y] = places[y].Score(options, u);

        return order;
    }

    internal static void ThrowIfInvalid(PredictionSetOptions options)
    {
        if (!Enum.IsDefined(options.Score))
            throw new ArgumentOutOfRangeException(nameof(options), options.Score, "Expected a defined score.");
        if (options.Penalty is not (>= 0 and < double.PositiveInfinity))
            throw new ArgumentOutOfRangeException(nameof(options), options.Penalty, "Expected a finite penalty of at least 0.");

        ArgumentOutOfRangeException.ThrowIfNegative(options.FreeRanks, nameof(options));
    }
}
