using System.CommandLine;
using MarginNet.Cli.Input;
using MarginNet.Cli.Options;
using MarginNet.Cli.Output;
using MarginNet.Cli.Pages;
using MarginNet.PValues;

namespace MarginNet.Cli.Commands;

/// <summary><c>marginnet detect</c>: how well margin p-values and other scores part right from wrong decisions,
/// and known from foreign data.</summary>
internal sealed class DetectCommand : Command
{
    private readonly SampleOptions _samples = new("test (default) or train.", ["test", "train"], "", needsCalibration: true);
    private readonly AtypicalOptions _atypical = new();
    private readonly Option<string?> _foreignLogits = new("--ood-logits")
    {
        Description = "With --logits: the logits of samples that are of none of the classes.",
    };
    private readonly FeatureOptions _features = new();
    private readonly JsonOption _json = new();
    private readonly HtmlOption _html = new();
    private readonly LogitsOutOption _logitsOut = new();
    private readonly Option<int> _resamples = Number.Count("--resamples", "Bootstrap draws for the intervals.", 1000, most: 1_000_000);
    private readonly Option<int> _seed = Number.CountOrNone("--seed", "Seed of the bootstrap draws.", 0);

    public DetectCommand()
        : base("detect", "Compare margin p-values with other scores as detectors of wrong decisions, of attacks and of foreign data.")
    {
        _samples.AddTo(this);
        Option[] options = [.. _atypical.All, _foreignLogits, .. _features.All, _resamples, _seed];
        Array.ForEach(options, Add);
        _json.AddTo(this);
        _html.AddTo(this);
        _logitsOut.AddTo(this);
        SetAction(RunAsync);
    }

    private async Task RunAsync(ParseResult parsed, CancellationToken cancellation)
    {
        var useLogits = _samples.UseLogits(
            parsed, [.. _atypical.All, .. _features.OfModels], [_foreignLogits, .. _features.OfLogits]);
        _features.ThrowIfIncomplete(parsed, hasForeign: parsed.GetValue(_foreignLogits) is not null);
        _json.ThrowIfNotWritable(parsed);
        _html.ThrowIfNotWritable(parsed);
        _logitsOut.ThrowIfNotWritable(parsed);

        if (useLogits)
        {
            CompareLogits(parsed, cancellation);
        }
        else
        {
            await CompareModelAsync(parsed, cancellation);
        }
    }

    private void CompareLogits(ParseResult parsed, CancellationToken cancellation)
    {
        var nullModel = _samples.ReadCalibration(parsed);
        var samples = _samples.ReadLogits(parsed);
        var foreign = parsed.GetValue(_foreignLogits) is { } path ? _samples.ReadLogits(parsed, path, labelsPath: null) : null;
        if (!samples.AreLabelled && foreign is null)
        {
            throw new UserErrorException("--logits need --labels, --ood-logits or both: there is nothing to part them from.");
        }

        _samples.ThrowIfOtherClasses(parsed, nullModel, samples.ClassNames.Length, samples.Source);
        if (foreign is not null)
        {
            _samples.ThrowIfOtherClasses(parsed, nullModel, foreign.ClassNames.Length, foreign.Source);
        }

        var features = _features.Read(parsed, samples, foreign, cancellation);
        AtypicalSet[] others = foreign is null ? [] : [new(DetectionTable.OutOfDistribution, null, foreign)];
        Compare(parsed, samples, others, nullModel, features, cancellation);
    }

    private async Task CompareModelAsync(ParseResult parsed, CancellationToken cancellation)
    {
        using var model = _samples.LoadModel(parsed);
        var nullModel = _samples.NullModel(parsed, model);
        using var prover = _samples.Prover(parsed, model, nullModel, cancellation);
        var foreign = _atypical.Foreign(parsed, _samples, model, prover, cancellation);
        var (samples, images) = await _samples.ScoreAsync(parsed, model, prover, cancellation);
        var attacked = _atypical.Attacked(
            parsed, _samples, model, images, prover, cancellation,
            keepsPixels: _html.File(parsed) is not null || _features.AreOfModel(parsed));
        if (parsed.Rows().ArePart)
        {
            return;
        }

        AtypicalSet[] others = [.. attacked, .. foreign];
        if (!samples.AreLabelled && others.Length == 0)
        {
            throw new UserErrorException(
                $"'{samples.Source}' has no labels: give --labels, --attacked or --ood, for there is nothing to part the images from.");
        }

        var features = await _features.ComputeAsync(
            parsed, _samples, model, [samples, .. others.Select(set => set.Samples)], cancellation);
        Compare(parsed, samples, others, nullModel, features, cancellation);
    }

    private void Compare(
        ParseResult parsed, Samples samples, AtypicalSet[] others, MarginNullModel nullModel, FeatureScores? features,
        CancellationToken cancellation)
    {
        var (table, resamples, seed) = (new DetectionTable(nullModel, features), parsed.GetValue(_resamples), parsed.GetValue(_seed));
        var (scores, sets) = (Scores(samples), new List<DetectedSet>());
        if (samples.AreLabelled)
        {
            var parted = scores.Select(score => (score.Name, Parts: samples.Part(score.Values)))
                .Select(score => (score.Name, score.Parts.Right, score.Parts.Wrong))
                .ToArray();
            var (right, wrong) = (parted[0].Right.Length, parted[0].Wrong.Length);
            if (right > 0 && wrong > 0)
            {
                table.Add(
                    DetectionTable.WrongDecisions, DetectionTable.WrongDecisions, "right decisions", "wrong decisions",
                    Display("wrong decisions").Watch(parted), resamples, seed, cancellation);
                AddSet(parted, Where(samples.IsRight), DetectedSet.Side(samples, Where(i => !samples.IsRight(i)), nullModel));
            }
            else if (others.Length == 0)
            {
                throw new UserErrorException($"{right} decisions are right and {wrong} wrong: to compare detectors of wrong decisions, "
                    + "give samples with some of both.");
            }
            else
            {
                parsed.Note(
                    $"{right} decisions are right and {wrong} wrong, so detectors of wrong decisions are not compared.");
            }
        }

        foreach (var set in others)
        {
            var pairs = scores.Zip(Scores(set.Samples), (known, other) => (known.Name, known.Values, other.Values)).ToArray();
            table.Add(set.Kind, set.Key, set.Typical, set.Name, Display(set.Name).Watch(pairs), resamples, seed, cancellation);
            AddSet(pairs, Where(_ => true), DetectedSet.Side(set.Samples, Enumerable.Range(0, set.Samples.Count), nullModel));
        }

        if (_html.File(parsed) is { } page)
        {
            new DetectionPage(sets, table.Fitted, _html.Thumbnails(parsed)).Compose(_samples.Describe(parsed), CommandText.Of(parsed))
                .Save(page);
        }

        _logitsOut.Write(parsed, [samples, .. others.Select(set => set.Samples)]);
        _json.Report(parsed, table.Write, table.Write);
        CalibrationWarnings.WriteLines(parsed, table.Reversals(_atypical.HasSurrogate(parsed)));

        (string Name, double[] Values)[] Scores(Samples set) =>
            [.. DetectionTable.Scores(set, nullModel), .. features?.Of(set, nullModel, cancellation) ?? []];

        void AddSet((string, double[], double[])[] own, IEnumerable<int> typical, DetectedSide atypical) => sets.Add(
            new(table.Sections[^1], own, DetectedSet.Side(samples, typical, nullModel), atypical, DetectedSet.RuleOf(nullModel)));

        IEnumerable<int> Where(Func<int, bool> isOne) => Enumerable.Range(0, samples.Count).Where(isOne);

        CountDisplay Display(string atypical) => new(parsed.Notes(), "compared", $"scores as detectors of {atypical}", scores.Length);
    }
}
