using MarginNet.Arrays;
using MarginNet.Detection;

namespace MarginNet.PValues;

/// <summary>
/// What prediction sets of any score need to know of calibration samples, small enough to be kept in a null model: of each its true
/// class y, p_y, the sum
/// of the larger softmax probabilities, and the rank of y.
/// </summary>
public sealed class SetCalibration
{
    private readonly Place[][] _classes; // Of the true classes of samples, by class.
    private readonly double[][]? _weights; // In the same order; null where all count alike.

    internal SetCalibration(Place[][] classes, double[][]? weights) => (_classes, _weights) = (classes, weights);

    /// <summary>The number of classes C.</summary>
    public int ClassCount => _classes.Length;

    /// <summary>The number of samples N.</summary>
    public int SampleCount => _classes.Sum(own => own.Length);

    /// <summary>Whether the samples have weights, as those to predict for then need.</summary>
    public bool IsWeighted => _weights is not null;

    internal IReadOnlyList<Place[]> Classes => _classes;

    internal IReadOnlyList<double[]>? Weights => _weights;

    /// <summary>Takes calibration samples.</summary>
    /// <param name="logits">Class scores f of samples that were not trained on, shape [N, C], finite.</param>
    /// <param name="labels">True classes, shape [N], each in [0, C).</param>
    /// <param name="weights">How many times as likely each sample is where the sets are used; see <see cref="PredictionSets.Fit"/>. Default
    /// empty: all alike.</param>
    /// <returns>What is needed of them.</returns>
    /// <exception cref="ArgumentException">There is not one label, or weight, for each sample, a label or weight is out of range, or a score
    /// is not finite.</exception>
    public static SetCalibration Fit(NumericArray logits, ReadOnlySpan<int> labels, ReadOnlySpan<double> weights = default)
    {
        ArgumentNullException.ThrowIfNull(logits);
        if (labels.Length != logits.Rows)
            throw new ArgumentException($"Expected {logits.Rows} labels, one for each sample, but got {labels.Length}.", nameof(labels));

        WeightedSample.ThrowIfInvalid(weights, logits.Rows, nameof(weights));
        var classes = Enumerable.Range(0, logits.Columns).Select(_ => (Places: new List<Place>(), Weights: new List<double>())).ToArray();
        var places = new Place[logits.Columns];
        for (var i = 0; i < labels.Length; i++)
        {
            if ((uint)labels[i] >= (uint)logits.Columns)
                throw new ArgumentException(
                    $"Expected labels in [0, {logits.Columns}), but the one at index {i} is {labels[i]}.", nameof(labels));

            Place.Of(logits.Row(i), places);
            classes[labels[i]].Places.Add(places[labels[i]]);
            classes[labels[i]].Weights.Add(weights.IsEmpty ? 1 : weights[i]);
        }

        return new(
            [.. classes.Select(own => own.Places.ToArray())],
            weights.IsEmpty ? null : [.. classes.Select(own => own.Weights.ToArray())]);
    }

    /// <summary>Calibrates sets, those that <see cref="PredictionSets.Fit"/> makes of the samples without draws.</summary>
    /// <param name="options">How sets are made, or null for the defaults.</param>
    /// <returns>The calibrated sets.</returns>
    /// <exception cref="ArgumentException">An option is out of range.</exception>
    public PredictionSets ToSets(PredictionSetOptions? options = null)
    {
        options ??= new PredictionSetOptions();
        PredictionSets.ThrowIfInvalid(options);
        WeightedSample[] groups = [.. _classes.Select(
            (own, c) => new WeightedSample(Array.ConvertAll(own, place => place.Score(options, draw: 1)), _weights?[c]))];
        return new PredictionSets(
            options, ClassCount, isRandomized: false, options.IsClassConditional ? groups : [WeightedSample.Pool(groups)]);
    }

    /// <summary>Where a class is among all by their probabilities in a sample.</summary>
    /// <param name="Probability">p_y.</param>
    /// <param name="Before">The sum of the larger ones.</param>
    /// <param name="Rank">Its rank, from 1 on.</param>
    internal readonly record struct Place(double Probability, double Before, int Rank)
    {
        /// <summary>Computes the places of all classes, and the classes from the most probable on.</summary>
        public static int[] Of(ReadOnlySpan<double> logits, Span<Place> places)
        {
            foreach (var logit in logits)
                if (!double.IsFinite(logit))
                    throw new ArgumentException(
                        FormattableString.Invariant($"Expected finite logits, but one is {logit}."), nameof(logits));

            var p = new double[logits.Length];
            LogitScores.Softmax(logits, p);
            int[] order = [.. Enumerable.Range(0, p.Length).OrderByDescending(y => p[y])];
            var before = 0.0;
            for (var rank = 1; rank <= order.Length; rank++)
            {
                places[order[rank - 1]] = new(p[order[rank - 1]], before, rank);
                before += p[order[rank - 1]];
            }

            return order;
        }

        /// <summary>The nonconformity score of the class, of which the draw's share of p_y counts.</summary>
        public double Score(PredictionSetOptions options, double draw)
        {
            var score = options.Score == NonconformityScore.Lac ? 1 - Probability : Before + (draw * Probability);
            return score + (options.Score == NonconformityScore.Raps ? options.Penalty * Math.Max(0, Rank - options.FreeRanks) : 0);
        }
    }
}
