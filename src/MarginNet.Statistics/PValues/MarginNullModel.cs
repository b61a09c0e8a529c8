using System.Collections.Immutable;
using System.Numerics.Tensors;
using System.Text.Json;
using MarginNet.Arrays;
using MarginNet.Checkpoints;
using MarginNet.Detection;
using MarginNet.Margins;

namespace MarginNet.PValues;

/// <summary>
/// The null model of margin p-values: for every class, a Gaussian mixture of the log-margins of the correctly
/// classified calibration samples of that class.
/// Any other positive score that is small for atypical samples may take the margin's place; of class-purity radii the model says what
/// proved them (<see cref="Radii"/>).
/// </summary>
public sealed class MarginNullModel
{
    private readonly ErrorWeighting _weighting;

    internal MarginNullModel(
        ImmutableArray<ClassNull> classes, NullDistribution pooled, CalibrationSource source, Precision precision,
        TestTimeAveraging averaging, RadiusOrigin? radii)
    {
        (Classes, Pooled, Source, Precision, Averaging, Radii) = (classes, pooled, source, precision, averaging, radii);
        _weighting = new ErrorWeighting(classes);
    }

    private MarginNullModel(MarginNullModel other)
        : this(other.Classes, other.Pooled, other.Source, other.Precision, other.Averaging, other.Radii) =>
        (Rule, Temperature, Scores, Confidences, Sets) =
            (other.Rule, other.Temperature, other.Scores, other.Confidences, other.Sets);

    /// <summary>The null model of every class, by class index.</summary>
    public ImmutableArray<ClassNull> Classes { get; }

    /// <summary>The distribution of the margins of all classes together.</summary>
    public NullDistribution Pooled { get; }

    /// <summary>Number of calibration samples left out because they were misclassified.</summary>
    public int MisclassifiedCount => Classes.Sum(c => c.MisclassifiedCount);

    /// <summary>Where the calibration margins come from.</summary>
    public CalibrationSource Source { get; }

    /// <summary>In what the network computed the calibration margins. Those of another precision differ a little, and so do their
    /// p-values: score in this one (<c>Classifier.Precision</c>), or calibrate anew.</summary>
    public Precision Precision { get; }

    /// <summary>Over which views the network averaged the calibration samples' scores, as it should those that are judged
    /// (<c>Classifier.Averaging</c>).</summary>
    public TestTimeAveraging Averaging { get; }

    /// <summary>What proved the class-purity radii that the model is of, and scores; null where it is of margins. Radii by other bounds are
    /// no such numbers (<see cref="RadiusOrigin.IsLike"/>).</summary>
    public RadiusOrigin? Radii { get; }

    /// <summary>When a sample is flagged, where a threshold was chosen; else null.</summary>
    public FlagRule? Rule { get; internal init; }

    /// <summary>The temperature T > 0 that makes softmax(f/T) honest, where one was fitted (<see cref="Evaluation.TemperatureScaling"/>);
    /// else null.</summary>
    public double? Temperature { get; internal init; }

    /// <summary>The confidence scores that need fitting, fitted to the calibration samples, where that was asked for; else null.</summary>
    public FittedScores? Scores { get; internal init; }

    /// <summary>The values of confidence scores on the right decisions calibrated on, of those that were asked for, which make p-values of
    /// them. <c>marginnet calibrate --confidence</c> keeps what <see cref="Scores"/> computes. Default empty.</summary>
    public ImmutableDictionary<ConfidenceScore, EmpiricalNull> Confidences { get; internal init; } =
        ImmutableDictionary<ConfidenceScore, EmpiricalNull>.Empty;

    /// <summary>What prediction sets need of the calibration samples, where it was kept; else null. <c>marginnet calibrate --keep-sets</c>
    /// keeps it of logits over <see cref="Scores"/>' temperature, by which those to predict for are divided, too.</summary>
    public SetCalibration? Sets { get; internal init; }

    /// <summary>Calibrates on the correctly classified samples among those given.</summary>
    /// <param name="margins">Decision margins μ, shape [N], finite and at least 0.</param>
    /// <param name="predicted">Predicted classes, shape [N], each in [0, <paramref name="classCount"/>).</param>
    /// <param name="labels">True classes, shape [N]; a sample whose predicted class differs is left out and counted.</param>
    /// <param name="classCount">Number of classes C, at least 1.</param>
    /// <param name="options">How to calibrate, or null for the defaults.</param>
    /// <returns>The model; the same for any order of the samples and any number of threads.</returns>
    /// <exception cref="ArgumentException">The lengths differ, a margin is negative, infinite or NaN, a class is out of range,
    /// or an option is.</exception>
    /// <exception cref="InvalidDataException">No correctly classified sample has a positive margin.</exception>
    public static MarginNullModel Fit(
        ReadOnlySpan<double> margins,
        ReadOnlySpan<int> predicted,
        ReadOnlySpan<int> labels,
        int classCount,
        MarginNullOptions? options = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(classCount, 1);
        if (predicted.Length != margins.Length || labels.Length != margins.Length)
            throw new ArgumentException($"Expected as many predicted and true classes as margins ({margins.Length}), "
                + $"but got {predicted.Length} and {labels.Length}.", nameof(predicted));

        var groups = Enumerable.Range(0, classCount).Select(_ => new List<double>()).ToArray();
        var misclassified = new int[classCount];
        for (var i = 0; i < margins.Length; i++)
        {
            ThrowIfInvalid(margins[i], predicted[i], classCount, i);
            if (predicted[i] == labels[i])
                groups[predicted[i]].Add(margins[i]);
            else
                misclassified[predicted[i]]++;
        }

        return Fit([.. groups.Select(group => group.Order().ToArray())], misclassified, options ?? new MarginNullOptions());
    }

    /// <summary>Calibrates on single-precision margins; see the other overload.</summary>
    /// <inheritdoc cref="Fit(ReadOnlySpan{double}, ReadOnlySpan{int}, ReadOnlySpan{int}, int, MarginNullOptions?)"/>
    public static MarginNullModel Fit(
        ReadOnlySpan<float> margins,
        ReadOnlySpan<int> predicted,
        ReadOnlySpan<int> labels,
        int classCount,
        MarginNullOptions? options = null)
    {
        var widened = new double[margins.Length];
        TensorPrimitives.ConvertTruncating<float, double>(margins, widened);
        return Fit(widened, predicted, labels, classCount, options);
    }

    /// <summary>Calibrates on the decisions that logits make.</summary>
    /// <param name="logits">Class scores, shape [N, C] with C ≥ 2, finite, such as <see cref="ArrayFile.ReadLogits"/> reads them.</param>
    /// <param name="labels">True classes, shape [N]; a sample that is decided otherwise is left out and counted.</param>
    /// <param name="options">How to calibrate; null for the defaults, with samples that were not trained on.</param>
    /// <returns>The model.</returns>
    /// <exception cref="ArgumentException">There is not one label for each row, a label is out of range,
    /// or a score is not finite.</exception>
    /// <exception cref="InvalidDataException">No sample is decided rightly with a positive margin.</exception>
    public static MarginNullModel Fit(NumericArray logits, ReadOnlySpan<int> labels, MarginNullOptions? options = null)
    {
        var (classes, margins) = Decide(logits);
        return Fit(margins, classes, labels, logits.Columns, options ?? new() { Source = CalibrationSource.HeldOut });
    }

    /// <summary>The same model with a rule that says when a sample is flagged.</summary>
    /// <param name="rule">The rule, or null for none.</param>
    /// <returns>The model.</returns>
    public MarginNullModel WithRule(FlagRule? rule) => new(this) { Rule = rule };

    /// <summary>The same model with a temperature for confidences; p-values do not depend on it.</summary>
    /// <param name="temperature">The temperature, positive and finite, or null for none.</param>
    /// <returns>The model.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="temperature"/> is out of range.</exception>
    public MarginNullModel WithTemperature(double? temperature) => temperature is null or (> 0 and < double.PositiveInfinity)
        ? new(this) { Temperature = temperature }
        : throw new ArgumentOutOfRangeException(nameof(temperature), temperature, "Expected a positive, finite temperature.");

    /// <summary>The same model with the confidence scores that were fitted to its calibration samples; p-values do not depend
    /// on them.</summary>
    /// <param name="scores">The scores, or null for none.</param>
    /// <returns>The model.</returns>
    /// <exception cref="ArgumentException">They are of another number of classes.</exception>
    public MarginNullModel WithScores(FittedScores? scores) =>
        scores is null || scores.RelativeUncertainty.ClassCount == Classes.Length
            ? new(this) { Scores = scores }
            : throw new ArgumentException(
                $"Expected scores of {Classes.Length} classes, but got {scores.RelativeUncertainty.ClassCount}.", nameof(scores));

    /// <summary>The same model with the values of confidence scores on its right decisions; p-values of margins do not depend on
    /// them.</summary>
    /// <param name="confidences">The values by score; empty for none.</param>
    /// <returns>The model.</returns>
    /// <exception cref="ArgumentException">Some are of another number of classes.</exception>
    public MarginNullModel WithConfidences(ImmutableDictionary<ConfidenceScore, EmpiricalNull> confidences)
    {
        ArgumentNullException.ThrowIfNull(confidences);
        var other = confidences.Values.FirstOrDefault(own => own.ClassCount != Classes.Length);
        return other is null
            ? new(this) { Confidences = confidences }
            : throw new ArgumentException($"Expected scores of {Classes.Length} classes, but got {other.ClassCount}.", nameof(confidences));
    }

    /// <summary>The same model with what prediction sets need of its calibration samples; p-values do not depend on it.</summary>
    /// <param name="sets">What they need, or null for nothing.</param>
    /// <returns>The model.</returns>
    /// <exception cref="ArgumentException">It is of another number of classes.</exception>
    public MarginNullModel WithSets(SetCalibration? sets) => sets is null || sets.ClassCount == Classes.Length
        ? new(this) { Sets = sets }
        : throw new ArgumentException($"Expected sets of {Classes.Length} classes, but got {sets.ClassCount}.", nameof(sets));

    /// <summary>Computes the p-values of one margin, without allocation.</summary>
    /// <param name="margin">The margin μ, finite and at least 0.</param>
    /// <param name="predictedClass">The predicted class, in [0, C).</param>
    /// <param name="kind">Which samples the margin is compared with. Default <see cref="NullKind.Class"/>, as in the paper.</param>
    /// <param name="ties">What breaks ties of ranks; see <see cref="NullDistribution.Score"/>. Default null:
    /// every tie counts against the sample.</param>
    /// <returns>Its p-values.</returns>
    /// <exception cref="ArgumentException"><paramref name="margin"/> is negative, infinite or NaN,
    /// or there is no such class or kind.</exception>
    public MarginPValue Score(double margin, int predictedClass, NullKind kind = NullKind.Class, Random? ties = null)
    {
        if ((uint)predictedClass >= (uint)Classes.Length)
            throw new ArgumentOutOfRangeException(nameof(predictedClass), predictedClass, $"Expected a class in [0, {Classes.Length}).");

        return kind switch
        {
            NullKind.Class => Classes[predictedClass].Distribution.Score(margin, ties),
            NullKind.Pooled => Pooled.Score(margin, ties),
            NullKind.ErrorWeighted => _weighting.Apply(Classes[predictedClass].Distribution.Score(margin, ties), predictedClass),
            _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "Expected a defined kind."),
        };
    }

    /// <summary>Computes the p-values of the decisions that logits make.</summary>
    /// <param name="logits">Class scores, shape [N, C], finite.</param>
    /// <param name="kind">Which samples the margins are compared with. Default <see cref="NullKind.Class"/>, as in the paper.</param>
    /// <returns>The p-values, shape [N].</returns>
    /// <exception cref="ArgumentException">There are not as many columns as classes, or a score is not finite.</exception>
    public MarginPValue[] Score(NumericArray logits, NullKind kind = NullKind.Class)
    {
        var (classes, margins) = Decide(logits);
        if (logits.Columns != Classes.Length)
            throw new ArgumentException($"Expected scores of {Classes.Length} classes, but got {logits.Columns}.", nameof(logits));

        var scored = new MarginPValue[logits.Rows];
        Score(margins, classes, scored, kind);
        return scored;
    }

    /// <summary>Computes the p-values of many margins, without allocation.</summary>
    /// <param name="margins">Margins μ, shape [N], finite and at least 0.</param>
    /// <param name="predicted">Predicted classes, shape [N], each in [0, C).</param>
    /// <param name="destination">Receives the p-values, shape [N].</param>
    /// <param name="kind">Which samples the margins are compared with. Default <see cref="NullKind.Class"/>, as in the paper.</param>
    /// <param name="ties">What breaks ties of ranks, one draw for each margin; see <see cref="NullDistribution.Score"/>.
    /// Default null.</param>
    /// <exception cref="ArgumentException">The lengths differ, or a margin is negative, infinite or NaN, or a class is out of range;
    /// the message names its index.</exception>
    public void Score(
        ReadOnlySpan<double> margins, ReadOnlySpan<int> predicted, Span<MarginPValue> destination, NullKind kind = NullKind.Class,
        Random? ties = null)
    {
        if (predicted.Length != margins.Length || destination.Length < margins.Length)
            throw new ArgumentException($"Expected as many predicted classes and places as margins ({margins.Length}), "
                + $"but got {predicted.Length} and {destination.Length}.", nameof(predicted));

        for (var i = 0; i < margins.Length; i++)
        {
            ThrowIfInvalid(margins[i], predicted[i], Classes.Length, i);
            destination[i] = Score(margins[i], predicted[i], kind, ties);
        }
    }

    /// <summary>The smallest p-value that a sample decided as a class can have.</summary>
    internal double SmallestPValue(int predictedClass, NullKind kind, PValueTail tail) =>
        Math.Min(Score(0, predictedClass, kind).Of(tail), Score(double.MaxValue, predictedClass, kind).Of(tail));

    /// <summary>The p-value among its own class at or below which a rule flags a sample,
    /// for a rule that does not pool the classes.</summary>
    internal double ClassThreshold(FlagRule rule, int predictedClass) =>
        rule.Null == NullKind.ErrorWeighted ? _weighting.Unweigh(rule.Threshold.Value, predictedClass) : rule.Threshold.Value;

    /// <summary>Turns the model into plain values (text, numbers, lists, dictionaries), for a model file or JSON.</summary>
    /// <returns>The values that <see cref="FromState"/> reads.</returns>
    public Dictionary<string, object?> ToState() => MarginNullState.Write(this);

    /// <summary>Reads what <see cref="ToState"/> wrote.</summary>
    /// <param name="state">The values.</param>
    /// <returns>A model that scores exactly like the one written.</returns>
    /// <exception cref="InvalidDataException">A key is missing or holds something else than expected; the message names it.</exception>
    public static MarginNullModel FromState(IReadOnlyDictionary<string, object?> state) => MarginNullState.Read(state);

    /// <summary>Writes the model as JSON, whole or not at all.</summary>
    /// <param name="path">The file to write or replace, by custom <c>*.json</c>.</param>
    /// <exception cref="IOException">The file cannot be written; an earlier one of that name is unchanged.</exception>
    public void Save(string path) =>
        AtomicFile.Write(path, stream =>
        {
            using var writer = new Utf8JsonWriter(stream);
            PlainValueJson.Write(writer, ToState());
        });

    /// <summary>Reads a model that <see cref="Save"/> wrote.</summary>
    /// <param name="path">The file to read.</param>
    /// <returns>A model that scores exactly like the one saved.</returns>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">The file is no JSON, or no null model; the message says why.</exception>
    public static MarginNullModel Load(string path)
    {
        try
        {
            return PlainValueJson.Parse(File.ReadAllBytes(path)) is Dictionary<string, object?> state
                ? FromState(state)
                : throw new InvalidDataException("Expected a JSON object.");
        }
        catch (InvalidDataException e)
        {
            throw new InvalidDataException($"{path} is no margin null model: {e.Message} Make one with 'marginnet calibrate --out'.", e);
        }
    }

    /// <summary>All margins of the classes, in increasing order.</summary>
    internal static double[] Pool(IEnumerable<double[]> margins) => [.. margins.SelectMany(own => own).Order()];

    private static (int[] Classes, double[] Margins) Decide(NumericArray logits)
    {
        ArgumentNullException.ThrowIfNull(logits);
        var (classes, margins) = (new int[logits.Rows], new double[logits.Rows]);
        for (var i = 0; i < margins.Length; i++)
        {
            (classes[i], margins[i]) = DecisionMargin.Compute(logits.Row(i));
        }

        return (classes, margins);
    }

    private static MarginNullModel Fit(double[][] margins, int[] misclassified, MarginNullOptions options)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(options.MinSamples, 2, nameof(options));
        ArgumentOutOfRangeException.ThrowIfNegative(options.FitTestDraws, nameof(options));
        if (options.Precision is not (Precision.Float32 or Precision.BFloat16 or Precision.Float16))
            throw new ArgumentOutOfRangeException(
                nameof(options), options.Precision, "Expected the precision that the margins were computed in.");

        var all = Pool(margins);
        if (all.Length == 0 || all[^1] == 0)
            throw new InvalidDataException(options.Radii is null
                ? "Found no correctly classified sample with a positive margin to calibrate on: "
                    + "give more samples, or a better trained network."
                : "Found no correctly classified sample with a certified radius to calibrate on: "
                    + "train for certificates, such as a LipNet, or calibrate on margins.");

        var distributions = new NullDistribution?[margins.Length + 1]; // the pooled one last
        Parallel.For(0, distributions.Length, i =>
        {
            var sorted = i < margins.Length ? margins[i] : all;
            var positive = sorted.AsSpan(sorted.AsSpan().LastIndexOf(0.0) + 1);
            if (i < margins.Length && positive.Length < options.MinSamples)
                return;

            var logMargins = new double[positive.Length];
            for (var k = 0; k < logMargins.Length; k++)
                logMargins[k] = Math.Log(positive[k]);

            distributions[i] = Fit(logMargins, sorted, options);
        });

        var pooled = distributions[^1]!;
        return new MarginNullModel(
            [.. margins.Select((own, c) => new ClassNull(own, misclassified[c], distributions[c], pooled))],
            pooled,
            options.Source,
            options.Precision,
            options.Averaging,
            options.Radii);
    }

    private static NullDistribution Fit(double[] logMargins, double[] sortedMargins, MarginNullOptions options)
    {
        var fit = GaussianMixtureFitter.Fit(logMargins, options.Mixture);
        var fitted = new NullDistribution(fit, sortedMargins);
        return options.FitTestDraws == 0
            ? fitted
            : fitted.WithFitPValue(MixtureFitTest.PValue(fit, fitted.MixtureTails(), options.Mixture, options.FitTestDraws));
    }

    private static void ThrowIfInvalid(double margin, int predictedClass, int classCount, int index)
    {
        if (!(margin is >= 0 and < double.PositiveInfinity))
            throw new ArgumentException(
                FormattableString.Invariant($"Expected finite margins of at least 0, but the margin at index {index} is {margin}."),
                nameof(margin));
        if ((uint)predictedClass >= (uint)classCount)
            throw new ArgumentException(
                $"Expected predicted classes in [0, {classCount}), but the one at index {index} is {predictedClass}.",
                nameof(predictedClass));
    }
}
