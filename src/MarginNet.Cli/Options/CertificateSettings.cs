using System.CommandLine;
using MarginNet.Attacks;
using MarginNet.Certificates;
using MarginNet.PValues;

namespace MarginNet.Cli.Options;

/// <summary>What is certified and how: <c>--method</c>, <c>--norm</c>, <c>--no-box</c> and, where time decides,
/// <c>--time-limit</c>.</summary>
internal sealed class CertificateSettings
{
    private const string Lipschitz = "lipschitz";

    private static readonly Dictionary<string, CertificateMethod?> Methods = new()
    {
        [Lipschitz] = null,
        ["interval"] = CertificateMethod.Interval,
        ["crown-ibp"] = CertificateMethod.CrownIbp,
        ["fast-lin"] = CertificateMethod.FastLin,
        ["fast-lip"] = CertificateMethod.FastLip,
        ["crown"] = CertificateMethod.Crown,
        ["alpha-crown"] = CertificateMethod.AlphaCrown,
        ["complete"] = CertificateMethod.Complete,
        ["best"] = CertificateMethod.Best,
    };

    private static readonly Dictionary<string, AttackNorm> Norms = new()
    {
        ["l2"] = AttackNorm.L2,
        ["linf"] = AttackNorm.Linf,
        ["l1"] = AttackNorm.L1,
    };

    private readonly Option<string> _method = new("--method")
    {
        Description = "What proves it. lipschitz: constants of the whole network, in l2, worth something for networks that were trained to "
            + "have small ones. Bounds in the ball around each image, from the cheapest to the dearest: interval; crown-ibp "
            + "(one linear relaxation over intervals, for networks trained by bounds); fast-lin and crown (linear relaxation); "
            + "fast-lip (a Lipschitz constant in the ball); alpha-crown (with the best lines that a gradient finds); "
            + "complete (and branch and bound over neurons). best: all but fast-lip, each from where the one before ended.",
        DefaultValueFactory = _ => Lipschitz,
    };

    private readonly Option<string> _norm = new("--norm")
    {
        Description = "How distances are measured: the Euclidean length of the change (l2), the largest change of a pixel (linf), "
            + "or the sum of all (l1).",
        DefaultValueFactory = _ => "l2",
    };

    private readonly Option<bool> _noBox = new("--no-box")
    {
        Description = "Certify every point of the ball, and not only those with pixels in [0,1]. By lipschitz it is always so.",
    };

    private readonly Option<double?> _timeLimit = Number.Optional<double>(
        "--time-limit",
        FormattableString.Invariant(
            $"Seconds that one image may take, with any method but lipschitz; what is proven by then counts. Default none, but {CertificateOptions.DefaultTimeLimit.TotalSeconds} with complete and best."),
        value => value > 0,
        "a number above 0");

    private readonly bool _isStatistic;

    /// <param name="isStatistic">Whether radii are what a null model is of: those that do not depend on time.</param>
    public CertificateSettings(bool isStatistic = false)
    {
        _isStatistic = isStatistic;
        _method.AcceptOnlyFromAmong([.. Methods.Keys]);
        _norm.AcceptOnlyFromAmong([.. Norms.Keys]);
        if (isStatistic)
        {
            _method.Description = "With --statistic radius: how each radius is proven, as 'certify --method' does: lipschitz, interval, "
                + "crown-ibp, fast-lin, fast-lip, crown or alpha-crown.";
            _norm.Description = $"With --statistic radius: {_norm.Description}";
            _noBox.Description = $"With --statistic radius: {_noBox.Description}";
        }
    }

    /// <summary>All of them.</summary>
    public Option[] Options => _isStatistic ? [_method, _norm, _noBox] : [_method, _norm, _noBox, _timeLimit];

    public void AddTo(Command command) => Array.ForEach(Options, command.Add);

    /// <summary>The method of radii that a null model is of, their norm, and whether balls are cut.</summary>
    public (string Method, AttackNorm Norm, bool IsCut) ReadStatistic(ParseResult parsed)
    {
        var (method, options) = (parsed.GetValue(_method)!, Read(parsed));
        return RadiusProver.Methods.Contains(method)
            ? (method, options?.Norm ?? AttackNorm.L2, options?.IsCut ?? false)
            : throw new UserErrorException($"--method {method} stops when its time is up, so that its radii depend on the machine and "
                + "make no p-values: choose another, such as --method alpha-crown.");
    }

    /// <summary>The name of a norm.</summary>
    public static string NameOf(AttackNorm norm) => Norms.First(pair => pair.Value == norm).Key;

    /// <summary>What radii are proven by, for a reader.</summary>
    public static string Describe(RadiusOrigin radii) => radii.Method == Lipschitz ? Lipschitz
        : $"{radii.Method}, {NameOf(radii.Norm)}{(radii.IsCut ? ", between images" : "")}";

    /// <summary>Whether the network's Lipschitz constants prove something.</summary>
    public bool UsesConstants(ParseResult parsed) =>
        parsed.GetValue(_method) is Lipschitz or "best" && Norms[parsed.GetValue(_norm)!] == AttackNorm.L2;

    /// <summary>How balls around images are bounded; null where only Lipschitz constants are asked for.</summary>
    public CertificateOptions? Read(ParseResult parsed)
    {
        var norm = Norms[parsed.GetValue(_norm)!];
        if (Methods[parsed.GetValue(_method)!] is not { } method)
        {
            Option[] others = [.. Options.Except([_method, _norm])];
            return norm != AttackNorm.L2
                ? throw new UserErrorException($"--method lipschitz has constants in l2 alone: for --norm {NameOf(norm)} choose another, "
                    + "such as --method crown.")
                : Array.Find(others, parsed.IsGiven) is { } idle
                ? throw new UserErrorException(
                    $"{idle.Name} has no effect with --method lipschitz: leave it out, or choose another, such as --method crown.")
                : null;
        }

        const double MostSeconds = 1e9;
        return new()
        {
            Method = method,
            Norm = norm,
            IsCut = !parsed.GetValue(_noBox),
            TimeLimit = !_isStatistic && parsed.GetValue(_timeLimit) is { } seconds
                ? TimeSpan.FromSeconds(Math.Clamp(seconds, 1e-3, MostSeconds)) : Timeout.InfiniteTimeSpan,
        };
    }
}
