using System.CommandLine;
using MarginNet.Cli.Input;
using MarginNet.Detection;
using MarginNet.PValues;

namespace MarginNet.Cli.Options;

/// <summary>How a threshold is chosen: <c>--rule</c>, <c>--cost-ratio</c>, and <see cref="FlagOptions"/>.</summary>
internal sealed class RuleOptions
{
    private const string Unsupervised = "alpha";

    private readonly FlagOptions _flag = new("The largest share of right decisions that may be flagged. Default 0.05.");

    private readonly Option<string> _rule = new("--rule")
    {
        Description = "The threshold that is expected to flag at most a share alpha of fresh right decisions (alpha, the default), "
            + "the largest that flags at most that share of those on other samples (fpr), "
            + "or the one that best parts right from wrong decisions there (youden), or at least cost (cost).",
        DefaultValueFactory = _ => Unsupervised,
    };

    private readonly Option<double?> _costRatio = Number.Optional<double>(
        "--cost-ratio", "For --rule cost: what a missed wrong decision costs in false alarms.", value => value > 0, "a number above 0");

    public RuleOptions() => _rule.AcceptOnlyFromAmong(Unsupervised, "fpr", "youden", "cost");

    public void AddTo(Command command)
    {
        command.Add(_rule);
        command.Add(_costRatio);
        _flag.AddTo(command);
    }

    /// <summary>Whether wrong decisions are needed to choose by, having made sure that the options go together.</summary>
    public bool IsSupervised(ParseResult parsed)
    {
        _ = _flag.Tail(parsed); // which says when options do not go together
        var rule = parsed.GetValue(_rule)!;
        if (rule == "cost" != (parsed.GetValue(_costRatio) is not null))
        {
            throw new UserErrorException(rule == "cost"
                ? "--rule cost needs --cost-ratio, what a miss costs in false alarms."
                : $"--cost-ratio goes with --rule cost, not {rule}: leave it out.");
        }

        if (rule is "youden" or "cost" && _flag.IsAlphaGiven(parsed))
        {
            throw new UserErrorException($"--alpha has no effect on --rule {rule}: leave it out.");
        }

        return rule != Unsupervised;
    }

    /// <summary>
    /// Chooses the threshold on some samples: for <c>--rule alpha</c> those calibrated on, else others. Typical are the right
    /// decisions among them; atypical are the given ones or, without any, the wrong decisions.
    /// </summary>
    public FlagRule Choose(ParseResult parsed, MarginNullModel nullModel, Samples samples, Samples? atypical)
    {
        var (kind, tail, alpha) = (_flag.Null(parsed), _flag.Tail(parsed), _flag.Alpha(parsed));
        double[] PValues(Samples of) => Array.ConvertAll(of.PValues(nullModel, kind), p => p.Of(tail));
        var (right, wrong) = samples.Part(PValues(samples));
        wrong = atypical is null ? wrong : PValues(atypical);
        if (IsSupervised(parsed) && (right.Length == 0 || wrong.Length == 0))
        {
            throw new UserErrorException(
                $"{samples.Source}: {right.Length} right and {wrong.Length} wrong decisions; "
                + $"--rule {parsed.GetValue(_rule)} needs some of both: give more samples, or use --rule alpha.");
        }

        return new(kind, tail, parsed.GetValue(_rule) switch
        {
            "youden" => DetectionThreshold.ByYouden(right, wrong),
            "cost" => DetectionThreshold.ByCost(right, wrong, parsed.GetValue(_costRatio)!.Value),
            "fpr" => DetectionThreshold.ForFalsePositiveRate(right, alpha, wrong),
            _ => Expected(),
        });

        DetectionThreshold Expected()
        {
            var chosen = FlagRule.Calibrate(nullModel, alpha, kind, tail).Threshold;
            return chosen with { TruePositives = new(wrong.Count(chosen.Flags), wrong.Length) };
        }
    }

    /// <summary>The choice in words.</summary>
    public string Describe(ParseResult parsed) => parsed.GetValue(_rule) switch
    {
        "youden" => "largest true-positive less false-positive rate",
        "cost" => FormattableString.Invariant($"least cost, a miss costing {parsed.GetValue(_costRatio)} false alarms"),
        "fpr" => FormattableString.Invariant($"the largest threshold that flags at most {_flag.Alpha(parsed):p2} of right decisions"),
        _ => FormattableString.Invariant($"at most {_flag.Alpha(parsed):p2} of fresh right decisions expected"),
    };
}
