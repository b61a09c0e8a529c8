using System.CommandLine;
using MarginNet.Drift;

namespace MarginNet.Cli.Options;

/// <summary>How a stream is watched for drift.</summary>
internal sealed class DriftOptions
{
    private const double DefaultAlpha = 0.01;
    private const double DefaultRunLength = 10_000;

    private static readonly Dictionary<string, MartingaleKind> Martingales = new()
    {
        ["mean"] = MartingaleKind.Mean,
        ["simple-jumper"] = MartingaleKind.SimpleJumper,
        ["power-mixture"] = MartingaleKind.PowerMixture,
        ["power"] = MartingaleKind.Power,
    };

    private static readonly Dictionary<string, AlarmProcedure> Procedures = new()
    {
        ["ville"] = AlarmProcedure.Ville,
        ["cusum"] = AlarmProcedure.Cusum,
        ["shiryaev-roberts"] = AlarmProcedure.ShiryaevRoberts,
    };

    private static readonly Dictionary<string, RankKind> Kinds = new()
    {
        ["online"] = RankKind.Online,
        ["reference"] = RankKind.Reference,
        ["none"] = RankKind.None,
    };

    private static readonly Dictionary<string, DriftTail> Tails = new()
    {
        ["lower"] = DriftTail.Lower,
        ["upper"] = DriftTail.Upper,
        ["two-sided"] = DriftTail.TwoSided,
    };

    private readonly Option<string> _ranks = OneOf(
        "--ranks",
        "How numbers become p-values: by rank among the reference and all of the stream so far (online), among the reference alone, or "
            + "not at all, for numbers that are p-values (none).",
        Kinds);

    private readonly Option<string> _tail =
        OneOf("--tail", "Which numbers have small p-values: small ones, large ones, or both.", Tails);

    private readonly Option<string> _martingale = OneOf(
        "--martingale",
        "What bets against the p-values: on shifts (simple-jumper), on small ones of any number (power-mixture), on both (mean), or on small "
            + "ones with a given --exponent (power).",
        Martingales);

    private readonly Option<double> _exponent = Number.Fraction(
        "--exponent", "Of the martingale power, which bets e p^(e - 1): the smaller, the bolder.", new DriftMonitorOptions().Exponent);

    private readonly Option<double> _jumpRate = Number.Fraction(
        "--jump-rate", "Of the martingale simple-jumper, also in the mean: the share of capital that changes its bet.",
        SimpleJumper.DefaultJumpRate);

    private readonly Option<string> _procedure = OneOf(
        "--procedure",
        "What raises alarms: the martingale itself, once (ville), or its growth since any sample, again and again: "
            + "the largest (cusum) or the sum (shiryaev-roberts).",
        Procedures);

    private readonly Option<double> _alpha = Number.Fraction(
        "--alpha", "Of ville: the probability of a false alarm, ever.", DefaultAlpha);

    private readonly Option<double?> _runLength = Number.Optional<double>(
        "--run-length",
        $"Of cusum and shiryaev-roberts: at least so many samples to a false alarm, in the mean. Default {DefaultRunLength}.",
        value => value > 1, "a number above 1");

    private readonly Option<int> _seed = Number.CountOrNone("--seed", "What draws the place among ties.", 0);

    public void AddTo(Command command)
    {
        Option[] all = [_ranks, _tail, _martingale, _exponent, _jumpRate, _procedure, _alpha, _runLength, _seed];
        Array.ForEach(all, command.Add);
    }

    public DriftMonitorOptions Read(ParseResult parsed)
    {
        var options = new DriftMonitorOptions
        {
            Martingale = Martingales[parsed.GetValue(_martingale)!],
            Exponent = parsed.GetValue(_exponent),
            JumpRate = parsed.GetValue(_jumpRate),
            Procedure = Procedures[parsed.GetValue(_procedure)!],
            Ranks = Kinds[parsed.GetValue(_ranks)!],
            Tail = Tails[parsed.GetValue(_tail)!],
            Seed = parsed.GetValue(_seed),
        };
        var isOnce = options.Procedure == AlarmProcedure.Ville;
        ThrowIfIdle(parsed, _exponent, options.Martingale == MartingaleKind.Power, "--martingale power");
        ThrowIfIdle(
            parsed, _jumpRate, options.Martingale is MartingaleKind.Mean or MartingaleKind.SimpleJumper, "--martingale simple-jumper or mean");
        ThrowIfIdle(parsed, _alpha, isOnce, "--procedure ville");
        ThrowIfIdle(parsed, _runLength, !isOnce, "--procedure cusum or shiryaev-roberts");
        return options with { Threshold = isOnce ? 1 / parsed.GetValue(_alpha) : parsed.GetValue(_runLength) ?? DefaultRunLength };
    }

    /// <summary>The options in words.</summary>
    public static string Describe(DriftMonitorOptions options)
    {
        var martingale = options.Martingale switch
        {
            MartingaleKind.Power => FormattableString.Invariant($"power, exponent {options.Exponent}"),
            MartingaleKind.Mean or MartingaleKind.SimpleJumper =>
                FormattableString.Invariant($"{Word(Martingales, options.Martingale)}, jump rate {options.JumpRate}"),
            var other => Word(Martingales, other),
        };
        return FormattableString.Invariant(
            $"{martingale}; {Word(Procedures, options.Procedure)}, threshold {options.Threshold:g6}; ranks {Word(Kinds, options.Ranks)}; ")
            + FormattableString.Invariant($"tail {Word(Tails, options.Tail)}; seed {options.Seed}");
    }

    private static void ThrowIfIdle(ParseResult parsed, Option option, bool isOfUse, string with)
    {
        if (!isOfUse && parsed.IsGiven(option))
        {
            throw new UserErrorException($"{option.Name} has no effect without {with}: leave it out, or add that.");
        }
    }

    private static Option<string> OneOf<T>(string name, string description, Dictionary<string, T> words) => new Option<string>(name)
    {
        Description = description,
        DefaultValueFactory = _ => words.Keys.First(),
    }.AcceptOnlyFromAmong([.. words.Keys]);

    private static string Word<T>(Dictionary<string, T> words, T value)
        where T : struct => words.Single(pair => pair.Value.Equals(value)).Key;
}
