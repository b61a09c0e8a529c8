using System.CommandLine;

namespace MarginNet.Cli.Help;

/// <summary>Under which heading the help of a command shows each of its options, and which it shows first.</summary>
internal static class OptionGroups
{
    public const string First = "The few that matter";
    public const string ForEveryCommand = "Every command";

    /// <summary>The heading of an option that is in none of the lists.</summary>
    public const string Otherwise = "What to do";

    private static readonly (string Heading, string[] Options)[] All =
    [
        (
            Otherwise,
            [
                "--preset", "--loss", "--mu", "--temperature", "--lipschitz-margin", "--lipschitz-projection", "--parseval", "--robust",
                "--natural-share", "--box-share", "--rounds",
                "--epochs", "--warmup-epochs", "--ramp-epochs", "--lambda-update",
                "--delta", "--lambda-cap", "--batch-size", "--optimizer", "--lr", "--bias-rate-factor", "--schedule",
                "--weight-decay", "--augment", "--max-shift", "--initial-size", "--seed", "--seeds", "--sync-batch-norm", "--deterministic",
                "--checkpoint-every", "--resume", "--on-divergence", "--force",
                "--statistic", "--folds", "--passes", "--flag", "--audit",
                "--rule", "--alpha", "--tail", "--null", "--confidence", "--sets", "--class-conditional", "--keep-sets",
                "--cost-ratio", "--adjust", "--held-out", "--bins", "--resamples",
                "--method", "--epsilon", "--norm", "--no-box", "--objective", "--no-clip", "--steps", "--step-size", "--restarts",
                "--repair", "--least-kept",
                "--fgsm", "--feature-scores", "--no-attack", "--attack-steps", "--attack-restarts",
                "--ascent-steps", "--clever", "--clever-draws", "--clever-batches", "--clever-radius", "--clever-seed", "--generalization",
                "--to", "--names",
                "--extrapolate", "--randomize", "--instances", "--timeout",
                "--shard", "--ranks", "--martingale", "--exponent", "--jump-rate", "--procedure", "--run-length", "--follow",
            ]),
        (
            "Data",
            [
                "--data", "--data-dir", "--split", "--images", "--logits", "--labels", "--image-size", "--limit-train",
                "--limit-test", "--samples", "--calibration-split", "--labels-file", "--drop", "--relabel", "--margins", "--probabilities",
                "--attacked", "--ood", "--ood-logits", "--rule-logits", "--rule-labels", "--atypical-logits",
                "--features", "--train-features", "--train-labels", "--last-layer", "--ood-features", "--sample-weights",
                "--scores", "--pixels", "--channels", "--resize", "--exif", "--stream", "--column", "--reference",
            ]),
        (
            "Model",
            [
                "--model", "--surrogate", "--arch", "--width", "--output-scale", "--rectify", "--init", "--calibration",
                "--normalize", "--input-size", "--classes", "--weights", "--model-output", "--trust-torchscript",
            ]),
        (
            "Output",
            [
                "--out", "--output", "--out-dir", "--results", "--state", "--format", "--json", "--html", "--thumbnails", "--plot",
                "--tensorboard", "--shard-out", "--logits-out",
            ]),
        ("Machine", ["--device", "--threads", "--precision", "--tta", "--tf32", "--cudnn", "--time-limit"]),
        (ForEveryCommand, ["--config", "--torch", "--torch-any-version", "--quiet", "--verbose", "--help", "--version"]),
    ];

    private static readonly Dictionary<string, string[]> FirstOf = new()
    {
        ["train"] = ["--preset", "--loss", "--mu", "--data", "--data-dir", "--epochs", "--calibration-split", "--out"],
        ["audit"] = ["--data", "--data-dir", "--labels-file", "--statistic", "--alpha", "--out"],
        ["import"] = ["--normalize", "--classes", "--out"],
        ["calibrate"] = ["--model", "--logits", "--labels", "--alpha", "--out"],
        ["evaluate"] = ["--model", "--logits", "--labels", "--data-dir"],
        ["attack"] = ["--surrogate", "--model", "--method", "--epsilon", "--out"],
        ["backdoor"] = ["--model", "--alpha", "--output", "--html", "--repair", "--data-dir"],
        ["pvalue"] = ["--model", "--images", "--logits", "--calibration", "--alpha", "--output"],
        ["detect"] = ["--model", "--fgsm", "--surrogate", "--ood"],
        ["monitor"] = ["--column", "--reference", "--ranks", "--alpha", "--follow", "--state", "--html"],
        ["lipschitz"] = ["--model", "--samples"],
        ["certify"] = ["--model", "--method", "--norm", "--epsilon", "--no-attack", "--output"],
        ["verify"] = ["--timeout", "--instances", "--results"],
        ["export"] = ["--to", "--out"],
        ["reproduce"] = ["--preset", "--data-dir", "--seeds", "--out"],
    };

    /// <summary>What an option names that is no number: a file, a folder, or what the option is called.</summary>
    public static string Kind(string option) => option switch
    {
        "--data-dir" or "--out-dir" or "--ood" or "--tensorboard" => "DIR",
        "--out" or "--output" or "--json" or "--html" or "--plot" or "--config" or "--classes" or "--attacked" => "FILE",
        "--logits-out" or "--sample-weights" => "FILE",
        "--shard-out" or "--drop" or "--relabel" or "--audit" or "--margins" or "--probabilities" or "--labels-file" => "FILE",
        "--reference" or "--state" or "--last-layer" or "--repair" => "FILE",
        "--instances" or "--results" or "--model" or "--surrogate" or "--init" or "--calibration" => "FILE",
        _ when option.EndsWith("logits", StringComparison.Ordinal) || option.EndsWith("labels", StringComparison.Ordinal)
            || option.EndsWith("features", StringComparison.Ordinal) => "FILE",
        _ => option[(option.LastIndexOf('-') + 1)..].ToUpperInvariant(),
    };

    /// <summary>Whether some list names the option.</summary>
    public static bool IsListed(string option) => Array.Exists(All, group => group.Options.Contains(option));

    /// <summary>Those shown first, of a command.</summary>
    public static IReadOnlyList<string> ShownFirst(string command) => FirstOf.GetValueOrDefault(command, []);

    /// <summary>The options of a command under their headings, those that matter before all others; no heading without options.</summary>
    public static IEnumerable<(string Heading, Option[] Options)> Of(Command command, IReadOnlyCollection<Option> options)
    {
        string[] first = [.. ShownFirst(command.Name)];
        var groups = options.Where(option => !option.Hidden).ToLookup(option => first.Contains(option.Name) ? First : Heading(option.Name));
        foreach (var (heading, listed) in All.Prepend((First, first)))
        {
            Option[] own =
                [.. groups[heading].OrderBy(option => Array.IndexOf(listed, option.Name) is >= 0 and var place ? place : int.MaxValue)];
            if (own.Length > 0)
            {
                yield return (heading, own);
            }
        }
    }

    private static string Heading(string option) => Array.Find(All, group => group.Options.Contains(option)).Heading ?? Otherwise;
}
