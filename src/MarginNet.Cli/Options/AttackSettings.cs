using System.CommandLine;
using System.Globalization;
using MarginNet.Attacks;

namespace MarginNet.Cli.Options;

/// <summary>What an attack may do: <c>--method</c>, <c>--epsilon</c>, <c>--norm</c>, <c>--objective</c>, and PGD's own options.</summary>
internal sealed class AttackSettings
{
    private const double DefaultL2 = 0.5;

    private static readonly AttackOptions Default = new();

    private readonly Option<string> _method =
        Choice("--method", "fgsm, one step as long as epsilon allows, or pgd, several.", ["fgsm", "pgd"]);
    private readonly Option<double?> _epsilon = Number.Optional<double>(
        "--epsilon",
        FormattableString.Invariant(
            $"The largest change of an image with pixels in [0,1], such as 8/255; by default the paper's {Default.Epsilon}, or {DefaultL2} in l2."),
        value => value >= 0,
        "a number, at least 0");

    private readonly Option<string> _norm =
        Choice("--norm", "How the change is measured: the largest of a pixel (linf), or the Euclidean length of all (l2).", ["linf", "l2"]);
    private readonly Option<string> _objective = Choice(
        "--objective", "What is made large: cross-entropy, whose gradient vanishes where margins are large, or logit-difference, "
            + "the strongest rival's logit less the true class's.", ["cross-entropy", "logit-difference"]);

    private readonly Option<bool> _noClip = new("--no-clip") { Description = "Let pixels leave [0,1]." };
    private readonly Option<int?> _steps = Count("--steps", $"With pgd: steps from each start. Default {Default.Steps}.", least: 1);
    private readonly Option<double?> _stepSize = Number.Optional<double>(
        "--step-size", "With pgd: the length of a step. Default 2.5 epsilon / steps.", value => value > 0, "a number above 0");
    private readonly Option<int?> _restarts = Count(
        "--restarts",
        $"With pgd: starts, the first from the image itself, each other from a random point. Default {Default.Restarts}.",
        least: 1);
    private readonly Option<int?> _seed = Count("--seed", $"With pgd: seed of the random starts. Default {Default.Seed}.", least: 0);
    private readonly Option<int> _batchSize = Number.Count("--batch-size", "Images in one pass.", Default.BatchSize);

    public void AddTo(Command command)
    {
        Option[] options = [_method, _epsilon, _norm, _objective, _noClip, _steps, _stepSize, _restarts, _seed, _batchSize];
        Array.ForEach(options, command.Add);
    }

    public AttackOptions Read(ParseResult parsed)
    {
        var isFgsm = parsed.GetValue(_method) == "fgsm";
        Option[] ofPgd = [_steps, _stepSize, _restarts, _seed];
        if (isFgsm && Array.Find(ofPgd, parsed.IsGiven) is { } idle)
        {
            throw new UserErrorException($"{idle.Name} has no effect on --method fgsm: leave it out, or use --method pgd.");
        }

        var norm = parsed.GetValue(_norm) == "l2" ? AttackNorm.L2 : AttackNorm.Linf;
        return new()
        {
            Method = isFgsm ? AttackMethod.Fgsm : AttackMethod.Pgd,
            Epsilon = parsed.GetValue(_epsilon) ?? (norm == AttackNorm.L2 ? DefaultL2 : Default.Epsilon),
            Norm = norm,
            Objective = parsed.GetValue(_objective) == "logit-difference" ? AttackObjective.LogitDifference : AttackObjective.CrossEntropy,
            Clip = !parsed.GetValue(_noClip),
            Steps = parsed.GetValue(_steps) ?? Default.Steps,
            StepSize = parsed.GetValue(_stepSize),
            Restarts = parsed.GetValue(_restarts) ?? Default.Restarts,
            Seed = parsed.GetValue(_seed) ?? Default.Seed,
            BatchSize = parsed.GetValue(_batchSize),
        };
    }

    /// <summary>Warns of a distance that was probably meant in steps of a byte.</summary>
    public static void Warn(ParseResult parsed, AttackOptions options, long pixelCount)
    {
        parsed.WarnOfDistance("--epsilon", options.Epsilon, options.Norm, pixelCount);
        if (options.StepSize is { } step)
        {
            parsed.WarnOfDistance("--step-size", step, options.Norm, pixelCount);
        }
    }

    /// <summary>The attack as plain values, in the words of the options.</summary>
    public static Dictionary<string, object?> Describe(AttackOptions options)
    {
        Dictionary<string, object?> values = new()
        {
            ["method"] = options.Method == AttackMethod.Fgsm ? "fgsm" : "pgd",
            ["epsilon"] = options.Epsilon,
            ["norm"] = options.Norm == AttackNorm.Linf ? "linf" : "l2",
            ["objective"] = options.Objective == AttackObjective.CrossEntropy ? "cross-entropy" : "logit-difference",
            ["clip"] = options.Clip,
        };
        if (options.Method == AttackMethod.Pgd)
        {
            values["steps"] = (long)options.Steps;
            values["step_size"] = options.StepLength;
            values["restarts"] = (long)options.Restarts;
            values["seed"] = (long)options.Seed;
        }

        return values;
    }

    private static Option<string> Choice(string name, string description, string[] values)
    {
        var option = new Option<string>(name) { Description = description, DefaultValueFactory = _ => values[0] };
        option.AcceptOnlyFromAmong(values);
        return option;
    }

    private static Option<int?> Count(string name, string description, int least) =>
        Number.Optional<int>(
            name, description, value => value >= least, string.Create(CultureInfo.InvariantCulture, $"a whole number, at least {least}"));
}
