using System.Globalization;
using System.Text.Json;
using MarginNet.Arrays;
using MarginNet.Features;
using MarginNet.PValues;

namespace MarginNet.Cli.Input;

/// <summary>The scores of features, fitted to training samples, and what is known of the features of samples kept out of
/// training.</summary>
internal sealed class FeatureScores
{
    private const int Neighbor = 50;

    private readonly FastDecisionBoundary? _boundary;
    private readonly NearestNeighbors _neighbors;
    private readonly MahalanobisScore? _mahalanobis;
    private readonly Pcad? _pcad;
    private readonly int _trainingCount;

    private FeatureScores(NumericArray features, int[] labels, int classCount, NumericArray? lastLayer, CancellationToken cancellation)
    {
        _trainingCount = features.Rows;
        _boundary = lastLayer is null ? null : FastDecisionBoundary.Fit(lastLayer, features);
        _neighbors = NearestNeighbors.Fit(features, Math.Min(Neighbor, features.Rows));
        if (features.Columns <= MahalanobisScore.LargestDimension)
        {
            _mahalanobis = MahalanobisScore.Fit(features, labels, classCount);
            _pcad = Pcad.Fit(features, labels, classCount, cancellation: cancellation);
        }
    }

    private FeatureScores(FeatureScores other) =>
        (_boundary, _neighbors, _mahalanobis, _pcad, _trainingCount) =
        (other._boundary, other._neighbors, other._mahalanobis, other._pcad, other._trainingCount);

    /// <summary>The likelihoods of right decisions on samples kept out of training, and how many there are; null where there are
    /// none.</summary>
    public (EmpiricalNull Null, int Count)? Typical { get; private init; }

    /// <summary>Fits all scores.</summary>
    /// <param name="features">Of training samples, shape [N, D].</param>
    /// <param name="labels">Their true classes, shape [N].</param>
    /// <param name="classNames">The names of the classes.</param>
    /// <param name="lastLayer">The weights of the last layer, shape [C, D], or null to leave out fDBD.</param>
    /// <param name="cancellation">Stops the fit.</param>
    public static FeatureScores Fit(
        NumericArray features, int[] labels, IReadOnlyList<string> classNames, NumericArray? lastLayer, CancellationToken cancellation)
    {
        for (var c = 0; c < classNames.Count; c++)
        {
            if (labels.Count(label => label == c) is < 2 and var count)
            {
                throw new UserErrorException(
                    $"Scores of features need at least 2 training samples of each class, but class '{classNames[c]}' has {count}.");
            }
        }

        try
        {
            return new(features, labels, classNames.Count, lastLayer, cancellation);
        }
        catch (ArgumentException e)
        {
            throw new UserErrorException($"No scores of features: {e.Message}");
        }
    }

    /// <summary>The same with samples kept out of training, whose right decisions make likelihoods p-values.</summary>
    public FeatureScores With(NumericArray features, int[] labels, int[] predicted)
    {
        if (_pcad is null)
        {
            return this;
        }

        int[] right = [.. Enumerable.Range(0, labels.Length).Where(i => predicted[i] == labels[i])];
        double[] scores = [.. right.Select(i => _pcad.Score(features.Row(i), predicted[i]))];
        return new(this)
        {
            Typical = (EmpiricalNull.Fit(scores, [.. right.Select(i => predicted[i])], _pcad.Classes.Length), right.Length),
        };
    }

    /// <summary>The scores of samples whose features are known, by name, larger for typical ones.</summary>
    public IEnumerable<(string Name, double[] Values)> Of(Samples samples, MarginNullModel nullModel, CancellationToken cancellation)
    {
        var features = samples.Features!;
        double[] Each(Func<int, double> score) => [.. Enumerable.Range(0, samples.Count).AsParallel().AsOrdered().Select(score)];
        if (_boundary is not null)
        {
            yield return ("fDBD", Each(i => _boundary.Score(features.Row(i), samples.Logits.Row(i))));
        }

        yield return ("KNN", _neighbors.Score(features, cancellation));
        if (_mahalanobis is not null)
        {
            yield return ("Mahalanobis", Each(i => _mahalanobis.Score(features.Row(i))));
        }

        if (_pcad is null)
        {
            yield break;
        }

        var likelihoods = Each(i => _pcad.Score(features.Row(i), samples.Predicted[i]));
        yield return ("PCAD", likelihoods);
        if (Typical is not var (typical, _))
        {
            yield break;
        }

        var (own, p) = (samples.PValues(nullModel, NullKind.Class), Each(i => typical.PValue(likelihoods[i], samples.Predicted[i])));
        yield return ("p PCAD", p);
        yield return ("p margin and PCAD, Fisher", Each(i => JoinedPValue.Fisher(own[i].Lower, p[i])));
        yield return ("p margin and PCAD, Cauchy", Each(i => JoinedPValue.Cauchy(own[i].Lower, p[i])));
        yield return ("p margin and PCAD, harmonic", Each(i => JoinedPValue.HarmonicMean(own[i].Lower, p[i])));
    }

    /// <summary>What the scores were fitted to, and what is left out.</summary>
    public string Fitted
    {
        get
        {
            var text = string.Create(
                CultureInfo.InvariantCulture,
                $"Features: {_neighbors.Dimension} of each of {_trainingCount} training samples; KNN with k = {_neighbors.K}.");
            text += _boundary is null ? " Not compared: fDBD, which needs the weights of the last layer." : "";
            text += _pcad is null ? string.Create(
                CultureInfo.InvariantCulture,
                $" Not compared: Mahalanobis and PCAD, which take at most {MahalanobisScore.LargestDimension} features.") : "";
            return text + (Typical is var (_, count) ? string.Create(
                    CultureInfo.InvariantCulture, $" p PCAD: ranks among {count} right decisions on samples kept out of training.")
                : _pcad is null ? "" : " Not compared: p PCAD, which needs samples kept out of training.");
        }
    }

    public void Write(Utf8JsonWriter json)
    {
        json.WriteStartObject("features");
        json.WriteNumber("dimension", _neighbors.Dimension);
        json.WriteNumber("training_count", _trainingCount);
        json.WriteNumber("neighbor", _neighbors.K);
        if (Typical is var (_, count))
        {
            json.WriteNumber("held_out_right_count", count);
        }

        if (_pcad is not null)
        {
            json.WriteStartArray("pcad");
            foreach (var fit in _pcad.Classes)
            {
                json.WriteStartObject();
                json.WriteString("form", JsonNamingPolicy.KebabCaseLower.ConvertName(fit.Mixture.Form.ToString()));
                json.WriteNumber("order", fit.Mixture.Order);
                json.WriteNumber("bic", fit.Bic);
                json.WriteEndObject();
            }

            json.WriteEndArray();
        }

        json.WriteEndObject();
    }
}
