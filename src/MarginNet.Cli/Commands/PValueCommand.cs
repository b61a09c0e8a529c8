using System.CommandLine;
using MarginNet.Cli.Input;
using MarginNet.Cli.Options;
using MarginNet.Cli.Output;
using MarginNet.Cli.Pages;
using MarginNet.PValues;

namespace MarginNet.Cli.Commands;

/// <summary><c>marginnet pvalue</c>: the margin p-value of every sample.</summary>
internal sealed class PValueCommand : Command
{
    private const string StandardInput = "-";

    private readonly SampleOptions _samples = new(
        "test (default) or train.", ["test", "train"], ", or - for CSV rows from standard input, each answered as it comes",
        needsCalibration: true, takesPictures: true);
    private readonly FlagOptions _flag =
        new("A sample is flagged where its p-value is at most this; by default the calibrated threshold, or 0.05 where there is none.");

    private readonly Option<string?> _adjust = new("--adjust")
    {
        Description = "bh: flag by p-values adjusted for the number of samples (Benjamini and Hochberg), "
            + "so that alpha bounds the expected share of false alarms among those flagged.",
    };

    private readonly Option<int?> _randomize = Number.Optional<int>(
        "--randomize", "Break ties of ranks by draws of this seed, so that p-values by rank are exactly uniform on right decisions; "
            + "by default ties count against the sample.", _ => true, "a whole number");

    private readonly ConfidenceOption _confidence = new();
    private readonly SetOptions _sets = new();
    private readonly WeightsOption _weights =
        new("For --sets and --confidence, where 'marginnet calibrate' was given those of its samples.");
    private readonly Option<string?> _output = new("--output", "-o")
    {
        Description = "Write the table to this file, .csv or .json; by default it goes to standard output as CSV.",
    };
    private readonly JsonOption _json = new();
    private readonly HtmlOption _html = new();
    private readonly LogitsOutOption _logitsOut = new();

    public PValueCommand()
        : base("pvalue", "Print the margin p-value of every test sample: how atypically small its margin is.")
    {
        _adjust.AcceptOnlyFromAmong("bh");
        _samples.AddTo(this);
        _flag.AddTo(this);
        Option[] options = [_confidence.Option, _adjust, _randomize, .. _sets.All, _weights.Option, _output];
        Array.ForEach(options, Add);
        _json.AddTo(this);
        _html.AddTo(this);
        _logitsOut.AddTo(this);
        SetAction(RunAsync);
    }

    private async Task RunAsync(ParseResult parsed, CancellationToken cancellation)
    {
        if (parsed.GetValue(_output) is { } file && Path.GetExtension(file) is not (".csv" or ".json"))
        {
            throw new UserErrorException($"--output is '{file}': expected a name that ends in .csv or .json.");
        }

        _sets.ThrowIfIncomplete(parsed);
        _json.ThrowIfNotWritable(parsed);
        _html.ThrowIfNotWritable(parsed);
        _logitsOut.ThrowIfNotWritable(parsed);
        if (_confidence.IsGiven(parsed))
        {
            _flag.ThrowIfOfMargins(parsed, _confidence.Option.Name);
            if (parsed.GetValue(_randomize) is not null)
            {
                throw new UserErrorException("--randomize breaks ties of margins, not of --confidence: leave one out.");
            }
        }

        if (_flag.Tail(parsed) == PValueTail.Formula && parsed.GetValue(_adjust) is not null)
        {
            throw new UserErrorException("--adjust bh needs p-values that are uniform on typical samples, which the formula's are not: "
                + "use --tail two-sided, which is small for large margins too.");
        }

        if (!_samples.UseLogits(parsed, [], []))
        {
            await ScoreModelAsync(parsed, cancellation);
        }
        else if (_samples.LogitsPath(parsed) == StandardInput)
        {
            await ScoreStandardInputAsync(parsed, cancellation);
        }
        else
        {
            var nullModel = _samples.ReadCalibration(parsed);
            var samples = _samples.ReadLogits(parsed);
            _samples.ThrowIfOtherClasses(parsed, nullModel, samples.ClassNames.Length, samples.Source);
            Write(parsed, samples, nullModel);
        }
    }

    private async Task ScoreModelAsync(ParseResult parsed, CancellationToken cancellation)
    {
        using var model = _samples.LoadModel(parsed);
        var nullModel = _samples.NullModel(parsed, model);
        using var prover = _samples.Prover(parsed, model, nullModel, cancellation);
        var (samples, _) = await _samples.ScoreAsync(parsed, model, prover, cancellation);
        if (!parsed.Rows().ArePart)
        {
            Write(parsed, samples, nullModel);
        }
    }

    private async Task ScoreStandardInputAsync(ParseResult parsed, CancellationToken cancellation)
    {
        if (_samples.HasLabels(parsed) || parsed.GetValue(_adjust) is not null || parsed.GetValue(_output) is not null
            || _json.IsGiven(parsed) || _weights.IsGiven(parsed) || _html.File(parsed) is not null || _logitsOut.IsGiven(parsed))
        {
            throw new UserErrorException("--logits - answers each row as it comes, on standard output: leave out --labels, --adjust, "
                + "--json, --html, --logits-out, --sample-weights and --output.");
        }

        var (nullModel, configuration) = (_samples.ReadCalibration(parsed), parsed.InvocationConfiguration);
        var rule = Rule(parsed, nullModel);
        var (confidence, sets) = (Confidence(parsed, nullModel, rule), Sets(parsed, nullModel));
        if (IsWeighted(confidence, sets))
        {
            throw new UserErrorException($"calibrated with {WeightsOption.Name}, which --logits - has none of: score a file.");
        }

        var names = Samples.NamesOf(nullModel.Classes.Length);
        CalibrationWarnings.WriteLines(parsed, CalibrationWarnings.OfScoring(nullModel, rule, names));
        void ThrowIfOtherClasses(int classes, string name) => _samples.ThrowIfOtherClasses(parsed, nullModel, classes, name);

        // A read that waits for a row cannot be called off, but can be left behind.
        var kind = _samples.ScoreKindOf(parsed);
        var scoring = Task.Run(
            () => PValueStream.Run(
                Console.OpenStandardInput(), configuration.Output, nullModel, rule, kind, Ties(parsed), confidence, sets,
                ThrowIfOtherClasses, parsed.Note, cancellation),
            cancellation);
        var (count, flagged, seen) = await scoring.WaitAsync(cancellation);
        _samples.Warn(parsed, seen, "standard input");
        await parsed.Notes().WriteLineAsync(PValueSummary.Flagged(flagged, count, rule, confidence, isAdjusted: false));
    }

    private void Write(ParseResult parsed, Samples samples, MarginNullModel nullModel)
    {
        var rule = Rule(parsed, nullModel);
        var (confidence, sets) = (Confidence(parsed, nullModel, rule), Sets(parsed, nullModel));
        var table = PValueTable.Compute(
            samples, nullModel, rule, parsed.GetValue(_adjust) is not null, Ties(parsed), confidence, sets,
            _weights.Read(parsed, samples, IsWeighted(confidence, sets)));
        CalibrationWarnings.WriteLines(parsed, CalibrationWarnings.OfScoring(nullModel, rule, samples.ClassNames));
        var file = parsed.GetValue(_output);
        if (file is not null)
        {
            table.Save(file);
        }

        _logitsOut.Write(parsed, samples);
        if (_html.File(parsed) is { } page)
        {
            new PValuePage(table, samples, nullModel, _html.Thumbnails(parsed)).Compose(_samples.Describe(parsed), CommandText.Of(parsed))
                .Save(page);
        }

        _json.Report(parsed, table.WriteJson, output =>
        {
            if (file is null)
            {
                table.WriteCsv(output);
            }

            PValueSummary.Write(file is null ? parsed.Notes() : output, table, nullModel, samples.ClassNames);
        });
    }

    private ConfidenceRank? Confidence(ParseResult parsed, MarginNullModel nullModel, FlagRule rule) =>
        _confidence.Of(parsed, nullModel, rule.Null, Calibrate(parsed));

    private ClassSets? Sets(ParseResult parsed, MarginNullModel nullModel) =>
        _sets.Of(parsed, nullModel, _flag.Alpha(parsed), $"{Calibrate(parsed)} --keep-sets");

    /// <summary>The command that calibrates what is scored.</summary>
    private string Calibrate(ParseResult parsed) => _samples.ModelPath(parsed) is { } model
        ? $"marginnet calibrate --model {model}"
        : "marginnet calibrate --logits FILE --labels FILE --held-out --out null.json";

    private static bool IsWeighted(ConfidenceRank? confidence, ClassSets? sets) =>
        confidence is { IsWeighted: true } || sets is { Sets.IsWeighted: true };

    private Random? Ties(ParseResult parsed) => parsed.GetValue(_randomize) is { } seed ? new Random(seed) : null;

    /// <summary>What was chosen at calibration, unless the command line says something else; of <c>--confidence</c> its threshold, where that
    /// is one for any p-value that keeps its level.</summary>
    private FlagRule Rule(ParseResult parsed, MarginNullModel nullModel)
    {
        var rule = _flag.AreGiven(parsed) || parsed.GetValue(_adjust) is not null || nullModel.Rule is null
            ? _flag.ToRule(parsed)
            : nullModel.Rule;
        if (!_confidence.IsGiven(parsed))
        {
            return rule;
        }

        var threshold = rule.Tail is PValueTail.Mixture or PValueTail.Formula ? FlagOptions.DefaultAlpha : rule.Threshold.Value;
        return new(
            rule.Null == NullKind.Pooled ? NullKind.Pooled : NullKind.Class, PValueTail.Empirical, new(threshold, default, default));
    }
}
