using System.CommandLine;
using System.Globalization;
using MarginNet.Arrays;
using MarginNet.Cli.Input;
using MarginNet.Cli.Output;
using MarginNet.Cli.Sharding;
using MarginNet.ModelFiles;
using MarginNet.Models;
using TensorPrimitives = System.Numerics.Tensors.TensorPrimitives;

namespace MarginNet.Cli.Options;

/// <summary>Scores of the features before the last layer: of a model's images (<c>--feature-scores</c>), or of files beside logits
/// (<c>--features</c>, ...).</summary>
internal sealed class FeatureOptions
{
    private const int Batch = 1024; // Images whose numbers are held at once.

    private readonly Option<bool> _ofModel = new("--feature-scores")
    {
        Description = "With --model: also compare scores of the features before its last layer, fitted to its training images: fDBD, KNN, "
            + "Mahalanobis, PCAD, and where images were kept out of training the p-values of PCAD and of margin and PCAD together.",
    };
    private readonly Option<string?> _features = new("--features")
    {
        Description = "With --logits: also compare scores of the features before the last layer, shape [N, D], "
            + "one row for each of the logits'.",
    };
    private readonly Option<string?> _training = new("--train-features")
    {
        Description = "The features of training samples, shape [M, D], that the scores of --features are fitted to.",
    };
    private readonly Option<string?> _labels = new("--train-labels") { Description = "The true classes of --train-features." };
    private readonly Option<string?> _lastLayer = new("--last-layer")
    {
        Description = "The weights of the last layer, shape [C, D], for fDBD of --features.",
    };
    private readonly Option<string?> _foreign = new("--ood-features") { Description = "The features of --ood-logits, for --features." };

    public Option[] All => [.. OfModels, .. OfLogits];

    public Option[] OfModels => [_ofModel];

    public Option[] OfLogits => [_features, _training, _labels, _lastLayer, _foreign];

    public bool AreOfModel(ParseResult parsed) => parsed.GetValue(_ofModel);

    /// <summary>Requires what belongs together, before the work.</summary>
    public void ThrowIfIncomplete(ParseResult parsed, bool hasForeign)
    {
        if (parsed.GetValue(_features) is null)
        {
            if (Array.Find(OfLogits, parsed.IsGiven) is { } idle)
            {
                throw new UserErrorException(
                    $"{idle.Name} has no effect without --features, those of the --logits: leave it out, or add that.");
            }
        }
        else if (parsed.GetValue(_training) is null || parsed.GetValue(_labels) is null)
        {
            throw new UserErrorException(
                "--features need --train-features and --train-labels, the features and true classes of training samples.");
        }
        else if (hasForeign != parsed.IsGiven(_foreign))
        {
            throw new UserErrorException(hasForeign
                ? "--features need --ood-features too, those of the --ood-logits."
                : "--ood-features are those of --ood-logits: give both or none.");
        }

        if (AreOfModel(parsed) && parsed.Rows() != Rows.Whole)
        {
            throw new UserErrorException(
                "--feature-scores are fitted to all training images, which no shard has: leave out --shard or --feature-scores.");
        }
    }

    /// <summary>Reads the features of samples and fits the scores; null where none are asked for.</summary>
    public FeatureScores? Read(ParseResult parsed, Samples samples, Samples? foreign, CancellationToken cancellation)
    {
        if (parsed.GetValue(_features) is not { } file)
        {
            return null;
        }

        var own = Matrix(parsed, file, samples.Count, null);
        samples.With(own);
        foreign?.With(Matrix(parsed, parsed.GetValue(_foreign)!, foreign.Count, own.Columns));
        var classes = samples.ClassNames;
        var training = Matrix(parsed, parsed.GetValue(_training)!, null, own.Columns);
        var labels = ArrayFile.ReadLabels(parsed.GetValue(_labels)!, classes, training.Rows, parsed.Note);
        if (labels.Length != training.Rows)
        {
            throw new UserErrorException($"--train-labels has {labels.Length} labels, but --train-features {training.Rows} rows: "
                + "give one label for each.");
        }

        var lastLayer = parsed.GetValue(_lastLayer) is { } weights ? Matrix(parsed, weights, classes.Length, own.Columns) : null;
        return FeatureScores.Fit(training, labels, classes, lastLayer, cancellation);
    }

    /// <summary>Computes the features of a model's samples and of its training images, and fits the scores; null where none are
    /// asked for.</summary>
    public async Task<FeatureScores?> ComputeAsync(
        ParseResult parsed, SampleOptions options, MarginModel model, Samples[] sets, CancellationToken cancellation)
    {
        if (!AreOfModel(parsed))
        {
            return null;
        }

        using var extractor = Extractor(parsed, options, model);
        var dataset = await options.LoadDataAsync(parsed, model, isTrainUsed: true, cancellation);
        var (trained, heldOut) = (TrainingImages.Part(model, dataset.Train, isHeldOut: false),
            TrainingImages.Part(model, dataset.Train, isHeldOut: true));
        if (trained is not { Count: > 0 })
        {
            throw new UserErrorException($"'{options.ModelPath(parsed)}' was trained on other images than the data has, so that scores of "
                + "features have nothing to be fitted to: give the data it was trained on.");
        }

        foreach (var samples in sets)
        {
            samples.With(Features(parsed, extractor, samples, cancellation));
        }

        var scores = FeatureScores.Fit(
            extractor.Extract(trained, Display(parsed, "training images", trained.Count), cancellation), [.. trained.Labels],
            model.ClassNames, extractor.Weights, cancellation);
        if (heldOut is not { Count: > 0 })
        {
            return scores;
        }

        var features = extractor.Extract(heldOut, Display(parsed, "images kept out of training", heldOut.Count), cancellation);
        return scores.With(features, [.. heldOut.Labels], Decisions(extractor, features));
    }

    private static FeatureExtractor Extractor(ParseResult parsed, SampleOptions options, MarginModel model)
    {
        try
        {
            return FeatureExtractor.Create(model.Network, model.ImageSize);
        }
        catch (NotSupportedException e)
        {
            throw new UserErrorException($"--feature-scores: '{options.ModelPath(parsed)}': {e.Message}");
        }
    }

    private static NumericArray Features(ParseResult parsed, FeatureExtractor extractor, Samples samples, CancellationToken cancellation)
    {
        var (pictures, display) = (samples.Pictures!, Display(parsed, "images", samples.Count));
        var values = new List<double>();
        for (var first = 0; first < samples.Count; first += Batch)
        {
            float[] pixels = [.. Enumerable.Range(first, Math.Min(Batch, samples.Count - first)).SelectMany(pictures.Pixels)];
            var images = new ImageArray(pixels, pictures.Channels, pictures.Height, pictures.Width);
            values.AddRange(extractor.Extract(images, cancellation: cancellation).Values.Span);
            display.Report(first + images.Count);
        }

        return new(values.ToArray(), samples.Count, extractor.Dimension, IsVector: false);
    }

    private static int[] Decisions(FeatureExtractor extractor, NumericArray features)
    {
        var (decided, scores) = (new int[features.Rows], new double[extractor.Bias.Length]);
        for (var i = 0; i < decided.Length; i++)
        {
            for (var c = 0; c < scores.Length; c++)
            {
                scores[c] = extractor.Bias[c] + TensorPrimitives.Dot(extractor.Weights.Row(c), features.Row(i));
            }

            decided[i] = TensorPrimitives.IndexOfMax<double>(scores);
        }

        return decided;
    }

    private static CountDisplay Display(ParseResult parsed, string things, int count) =>
        new(parsed.Notes(), "computed features of", things, count);

    private static NumericArray Matrix(ParseResult parsed, string path, int? rows, int? columns)
    {
        var array = ArrayFile.Read(path);
        foreach (var note in array.Notes)
        {
            parsed.Note(note);
        }

        if (array.IsVector || array.Rows != (rows ?? array.Rows) || array.Columns != (columns ?? array.Columns) || array.Rows == 0)
        {
            var shape = array.IsVector ? FormattableString.Invariant($"[{array.Rows}]")
                : FormattableString.Invariant($"[{array.Rows}, {array.Columns}]");
            throw new UserErrorException($"{path} has the shape {shape}: expected [{Size(rows, "N")}, {Size(columns, "D")}].");
        }

        var bad = array.Values.Span.IndexOfAnyExceptInRange(double.MinValue, double.MaxValue);
        return bad < 0
            ? array
            : throw new UserErrorException(FormattableString.Invariant(
                $"{path}: number {bad % array.Columns} of row {bad / array.Columns} is {array.Values.Span[bad]}, which is not finite."));
    }

    private static string Size(int? known, string otherwise) => known?.ToString(CultureInfo.InvariantCulture) ?? otherwise;
}
