using System.Collections.Immutable;
using System.Globalization;
using System.Numerics.Tensors;
using MarginNet.Arrays;
using MarginNet.Data;
using MarginNet.Detection;
using MarginNet.Evaluation;
using MarginNet.Margins;
using MarginNet.PValues;

namespace MarginNet.Cli.Input;

/// <summary>The logits of some samples, whoever computed them, with the decisions and margins that follow from them.
/// LibTorch is not needed.</summary>
internal sealed class Samples
{
    private Samples(NumericArray scores, int[] labels, ImmutableArray<string> classNames, string source, ScoreKind? kind)
    {
        var logits = ScoreKinds.ToLogits(scores, kind ?? ScoreKind.Logits);
        (Logits, Labels, ClassNames, Source, Kind) = (logits, labels, classNames, source, kind ?? ScoreKinds.Guess(scores));
        (Predicted, Margins) = (new int[Count], new double[Count]);
        Numbers = [.. Enumerable.Range(0, Count)];
        for (var i = 0; i < Count; i++)
        {
            (Predicted[i], Margins[i]) = Decide(logits.Row(i), i, source);
        }
    }

    /// <summary>Shape [N, C].</summary>
    public NumericArray Logits { get; }

    /// <summary>Shape [N]; −1 where unknown.</summary>
    public int[] Labels { get; }

    public ImmutableArray<string> ClassNames { get; }

    /// <summary>What the scores were said to be, or look like.</summary>
    public ScoreKind Kind { get; }

    /// <summary>What messages call the samples.</summary>
    public string Source { get; }

    /// <summary>The files of the samples, shape [N]; empty where they have none of their own.</summary>
    public ImmutableArray<string> Files { get; private set; } = [];

    /// <summary>The number of each sample in the file or data set that it is from, shape [N].</summary>
    public ImmutableArray<int> Numbers { get; private set; }

    /// <summary>What the samples look like; null where nobody knows, as of scores alone.</summary>
    public Pictures? Pictures { get; private set; }

    public int[] Predicted { get; }

    public double[] Margins { get; }

    /// <summary>Class-purity radii, where null models of these are asked; else null.</summary>
    public double[]? Radii { get; private set; }

    /// <summary>The features before the last layer, shape [N, D], where scores of these are asked for; else null.</summary>
    public NumericArray? Features { get; private set; }

    /// <summary>What null models are of: the radii where there are some, else the margins.</summary>
    public double[] Statistic => Radii ?? Margins;

    public int Count => Logits.Rows;

    public bool AreLabelled => !Labels.Contains(ImageSet.UnknownLabel);

    /// <summary>Requires the class of each sample.</summary>
    /// <param name="option">What gives it.</param>
    public void ThrowIfUnlabelled(string option)
    {
        if (!AreLabelled)
        {
            throw new UserErrorException($"'{Source}' has no labels: give {option}, the true class of each sample.");
        }
    }

    /// <summary>Takes a model's scores, which are of the kind given, or taken for logits.</summary>
    public static Samples FromModel(
        ScoreMatrix scores, ReadOnlySpan<int> labels, ImmutableArray<string> classNames, string source, ScoreKind? kind = null)
    {
        var values = new double[scores.Count * scores.ClassCount];
        for (var i = 0; i < scores.Count; i++)
        {
            for (var c = 0; c < scores.ClassCount; c++)
            {
                values[(i * scores.ClassCount) + c] = scores[i][c];
            }
        }

        return new(new(values, scores.Count, scores.ClassCount, IsVector: false), labels.ToArray(), classNames, source, kind);
    }

    /// <summary>Says which images of a data set the samples are.</summary>
    /// <returns>The same samples.</returns>
    public Samples From(ImageSet images)
    {
        (Numbers, Files) = ([.. images.Numbers], images.Files);
        return Showing(Pictures.Of(images));
    }

    /// <summary>Says what the samples look like.</summary>
    /// <returns>The same samples.</returns>
    public Samples Showing(Pictures? pictures)
    {
        Pictures = pictures;
        return this;
    }

    /// <summary>Adds the class-purity radii of the samples.</summary>
    /// <returns>The same samples.</returns>
    public Samples With(double[]? radii)
    {
        Radii = radii;
        return this;
    }

    /// <summary>Adds the features of the samples.</summary>
    /// <returns>The same samples.</returns>
    public Samples With(NumericArray features)
    {
        Features = features;
        return this;
    }

    /// <summary>Reads scores, and labels where a file has them; the classes are called by their numbers,
    /// whatever names the labels go by.</summary>
    /// <param name="logitsPath">The scores.</param>
    /// <param name="labelsPath">The labels; null for those that fd-shifts writes beside logits, or none.</param>
    /// <param name="kind">What the scores are, or null to take them for logits.</param>
    /// <param name="classNames">The names of the classes by which labels may go, or null for those in the header of the scores.</param>
    /// <param name="note">Told what was left out of the labels or taken otherwise than it may seem;
    /// of the scores <see cref="NumericArray.Notes"/> tell it.</param>
    public static Samples Read(string logitsPath, string? labelsPath, ScoreKind? kind, string[]? classNames, Action<string> note)
    {
        var (logits, own) = FdShiftsFile.IsOne(logitsPath) ? FdShiftsFile.Read(logitsPath) : (ArrayFile.ReadLogits(logitsPath), null);
        if (logits.Rows == 0)
        {
            throw new InvalidDataException($"{logitsPath} holds no samples: expected logits of shape [N, C] with N >= 1.");
        }

        if (classNames is not null && classNames.Length != logits.Columns)
        {
            throw new UserErrorException(
                $"--classes has {classNames.Length} names, but {logitsPath} has scores of {logits.Columns} classes: give a name for each.");
        }

        var names = classNames ?? [.. logits.ColumnNames.IsEmpty ? NamesOf(logits.Columns) : logits.ColumnNames];
        var labels = labelsPath is null
            ? own ?? [.. Enumerable.Repeat(ImageSet.UnknownLabel, logits.Rows)]
            : ArrayFile.ReadLabels(labelsPath, names, logits.Rows, note);
        return labels.Length == logits.Rows
            ? new(logits, labels, NamesOf(logits.Columns), logitsPath, kind)
            : throw new InvalidDataException($"{labelsPath} has {labels.Length} labels, but {logitsPath} has {logits.Rows} rows: "
                + $"give one label for each row{HeaderHint(labels, logits.Rows)}.");
    }

    /// <summary>What may be wrong where there is one label too many, and the first is 0.</summary>
    public static string HeaderHint(int[] labels, int count) =>
        labels.Length == count + 1 && labels[0]
            == 0 ? ", and if the first, 0, is the header that pandas gives a column without a name, leave it out (header=False)" : "";

    /// <summary>The logits in float32, which a network's are.</summary>
    public ScoreMatrix ToScores()
    {
        var values = new float[Logits.Values.Length];
        TensorPrimitives.ConvertTruncating(Logits.Values.Span, values);
        var tooLarge = Array.FindIndex(values, float.IsInfinity);
        return tooLarge < 0
            ? new(values, Logits.Columns)
            : throw new InvalidDataException(
                FormattableString.Invariant(
                    $"{Source}: the logit of row {tooLarge / Logits.Columns} and class {tooLarge % Logits.Columns} is {Logits.Values.Span[tooLarge]}, too large for float32."));
    }

    public static ImmutableArray<string> NamesOf(int classCount) =>
        [.. Enumerable.Range(0, classCount).Select(c => c.ToString(CultureInfo.InvariantCulture))];

    /// <summary>The decision on one row of logits, and its margin.</summary>
    public static (int Class, double Margin) Decide(ReadOnlySpan<double> logits, int row, string source)
    {
        for (var c = 0; c < logits.Length; c++)
        {
            if (!double.IsFinite(logits[c]))
            {
                throw new InvalidDataException(FormattableString.Invariant(
                    $"{source}: the logit of row {row} and class {c} is {logits[c]}; a margin needs finite logits."));
            }
        }

        var decision = DecisionMargin.Compute(logits);
        return double.IsFinite(decision.Margin)
            ? decision
            : throw new InvalidDataException($"{source}: the logits of row {row} are too large to subtract.");
    }

    public bool IsRight(int sample) => Predicted[sample] == Labels[sample];

    /// <summary>The p-values of every sample.</summary>
    public MarginPValue[] PValues(MarginNullModel nullModel, NullKind kind, Random? ties = null)
    {
        var values = new MarginPValue[Count];
        nullModel.Score(Statistic, Predicted, values, kind, ties);
        return values;
    }

    /// <summary>Fits the confidence scores that need it to these samples, whose classes are known.</summary>
    public FittedScores FitScores() => FittedScores.Fit(Logits, Labels, TemperatureScaling.Fit(Logits, Labels));

    /// <summary>Parts the values of rightly classified samples from those of misclassified ones.</summary>
    public (double[] Right, double[] Wrong) Part(ReadOnlySpan<double> values)
    {
        var (right, wrong) = (new List<double>(), new List<double>());
        for (var i = 0; i < values.Length; i++)
        {
            (IsRight(i) ? right : wrong).Add(values[i]);
        }

        return ([.. right], [.. wrong]);
    }
}
