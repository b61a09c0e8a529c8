namespace MarginNet.Cli.Reproduction;

/// <summary>What tables, figures and sentences call the detectors.</summary>
internal static class DetectorNames
{
    /// <summary>The title of a detector of <see cref="NetworkResult.Detectors"/>.</summary>
    public static string Title(string detector) => detector switch
    {
        "p lower" => "lower-tail p",
        "p formula" => "p as printed",
        "p two-sided" => "two-sided p",
        "p lower, error-weighted" => "error-weighted p",
        "margin" => "raw margin",
        "max softmax" => "softmax",
        _ => detector,
    };
}
