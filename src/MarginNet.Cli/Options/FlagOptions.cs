using System.CommandLine;
using MarginNet.PValues;

namespace MarginNet.Cli.Options;

/// <summary>Which p-value flags a sample: <c>--alpha</c>, <c>--tail</c> and <c>--null</c>.</summary>
internal sealed class FlagOptions
{
    public const double DefaultAlpha = 0.05;

    private readonly Option<double?> _alpha;

    private readonly Option<string?> _tail = new("--tail")
    {
        Description = "The p-value that flags: lower (the default: by rank among the calibration margins, so that it keeps its level), "
            + "two-sided (small for large margins too), empirical (by rank alone, without a mixture), mixture (the mixture's own lower "
            + "tail, which few samples leave far off) or formula (as printed in the paper, at most 1/2, small for large margins too).",
    };

    private readonly Option<bool> _extrapolate = new("--extrapolate")
    {
        Description = "Let the mixture continue the lower tail below 1/(n + 1), which n calibration samples do not support: "
            + "far tails in their order, but without a level.",
    };

    private readonly Option<string?> _null = new("--null")
    {
        Description = "What margins are compared with: class (the default: those of the predicted class), "
            + "pooled (those of all classes) or error-weighted (those of the class, weighted by how often it is wrong).",
    };

    public FlagOptions(string alphaDescription)
    {
        _alpha = Number.Optional<double>("--alpha", alphaDescription, value => value is > 0 and < 1, "a number between 0 and 1");
        _tail.AcceptOnlyFromAmong("lower", "two-sided", "empirical", "mixture", "formula");
        _null.AcceptOnlyFromAmong("class", "pooled", "error-weighted");
    }

    public void AddTo(Command command)
    {
        command.Add(_alpha);
        command.Add(_tail);
        command.Add(_null);
        command.Add(_extrapolate);
    }

    public bool AreGiven(ParseResult parsed) => parsed.GetValue(_alpha) is not null || parsed.GetValue(_tail) is not null
        || parsed.GetValue(_null) is not null || parsed.GetValue(_extrapolate);

    public bool IsAlphaGiven(ParseResult parsed) => parsed.GetValue(_alpha) is not null;

    public double Alpha(ParseResult parsed) => parsed.GetValue(_alpha) ?? DefaultAlpha;

    public PValueTail Tail(ParseResult parsed) => (parsed.GetValue(_tail) ?? "lower", parsed.GetValue(_extrapolate)) switch
    {
        ("lower", true) => PValueTail.Extrapolated,
        ("lower", false) => PValueTail.Lower,
        (var other, true) => throw new UserErrorException($"--extrapolate continues the lower tail: leave out --tail {other}."),
        ("formula", _) => PValueTail.Formula,
        ("two-sided", _) => PValueTail.TwoSided,
        ("empirical", _) => PValueTail.Empirical,
        _ => PValueTail.Mixture,
    };

    public NullKind Null(ParseResult parsed) => parsed.GetValue(_null) switch
    {
        "pooled" => NullKind.Pooled,
        "error-weighted" => NullKind.ErrorWeighted,
        _ => NullKind.Class,
    };

    /// <summary>Requires that no p-value is asked for that margins alone have.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="other">The option that asks for other p-values.</param>
    public void ThrowIfOfMargins(ParseResult parsed, string other)
    {
        Option[] ofMargins = Null(parsed) == NullKind.ErrorWeighted ? [_tail, _extrapolate, _null] : [_tail, _extrapolate];
        if (Array.Find(ofMargins, parsed.IsGiven) is { } idle)
        {
            throw new UserErrorException(
                $"{idle.Name}{(idle == _null ? " error-weighted" : "")} goes with p-values of margins, and not with {other}: leave one out.");
        }
    }

    /// <summary>The rule that the options ask for, its threshold being alpha itself.</summary>
    public FlagRule ToRule(ParseResult parsed) => new(Null(parsed), Tail(parsed), new(Alpha(parsed), default, default));

    /// <summary>A p-value in words.</summary>
    public static string Describe(PValueTail tail, NullKind kind)
    {
        var name = tail switch
        {
            PValueTail.Formula => "formula",
            PValueTail.TwoSided => "two-sided",
            PValueTail.Empirical => "empirical",
            PValueTail.Extrapolated => "lower tail, extrapolated",
            PValueTail.Mixture => "mixture's lower tail",
            _ => "lower tail",
        };
        return kind switch { NullKind.Pooled => $"{name}, pooled", NullKind.ErrorWeighted => $"{name}, error-weighted", _ => name };
    }
}
