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
        Description = "The p-value that flags: lower (the default: the share of smaller margins), formula (as printed in the paper, at most 1/2, small for large margins too), two-sided (twice the formula) or empirical (by rank, without a mixture).",
    };

    private readonly Option<string?> _null = new("--null")
    {
        Description = "What margins are compared with: class (the default: those of the predicted class), pooled (those of all classes) or error-weighted (those of the class, weighted by how often it is wrong).",
    };

    public FlagOptions(string alphaDescription)
    {
        _alpha = Number.Optional<double>("--alpha", alphaDescription, value => value is > 0 and < 1, "a number between 0 and 1");
        _tail.AcceptOnlyFromAmong("lower", "formula", "two-sided", "empirical");
        _null.AcceptOnlyFromAmong("class", "pooled", "error-weighted");
    }

    public void AddTo(Command command)
    {
        command.Add(_alpha);
        command.Add(_tail);
        command.Add(_null);
    }

    public bool AreGiven(ParseResult parsed) => parsed.GetValue(_alpha) is not null || parsed.GetValue(_tail) is not null || parsed.GetValue(_null) is not null;

    public bool IsAlphaGiven(ParseResult parsed) => parsed.GetValue(_alpha) is not null;

    public double Alpha(ParseResult parsed) => parsed.GetValue(_alpha) ?? DefaultAlpha;

    public PValueTail Tail(ParseResult parsed) => parsed.GetValue(_tail) switch
    {
        "formula" => PValueTail.Formula,
        "two-sided" => PValueTail.TwoSided,
        "empirical" => PValueTail.Empirical,
        _ => PValueTail.Lower,
    };

    public NullKind Null(ParseResult parsed) => parsed.GetValue(_null) switch
    {
        "pooled" => NullKind.Pooled,
        "error-weighted" => NullKind.ErrorWeighted,
        _ => NullKind.Class,
    };

    /// <summary>The rule that the options ask for, its threshold being alpha itself.</summary>
    public FlagRule ToRule(ParseResult parsed) => new(Null(parsed), Tail(parsed), new(Alpha(parsed), default, default));

    /// <summary>A p-value in words.</summary>
    public static string Describe(PValueTail tail, NullKind kind)
    {
        var name = tail switch { PValueTail.Formula => "formula", PValueTail.TwoSided => "two-sided", PValueTail.Empirical => "empirical", _ => "lower tail" };
        return kind switch { NullKind.Pooled => $"{name}, pooled", NullKind.ErrorWeighted => $"{name}, error-weighted", _ => name };
    }
}
