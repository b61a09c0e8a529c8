using System.Globalization;
using MarginNet.Detection;

namespace MarginNet.Cli.Output;

/// <summary>Shares of samples as text, with their exact 95 % intervals.</summary>
internal static class ShareText
{
    /// <summary>As a sentence says it: 8670 of 10000 = 86.70 %, exact 95 % interval 86.02 % to 87.36 %.</summary>
    public static string WithInterval(Proportion share)
    {
        var interval = share.ExactInterval();
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{share.Count} of {share.Total} = {share.Rate:p2}, exact 95 % interval {interval.Low:p2} to {interval.High:p2}");
    }

    /// <summary>As a remark says it: 95 % interval 86.0 to 87.4 %.</summary>
    public static string Interval(Proportion share)
    {
        var interval = share.ExactInterval();
        return string.Create(CultureInfo.InvariantCulture, $"95 % interval {100 * interval.Low:f1} to {100 * interval.High:f1} %");
    }

    /// <summary>As a table says it: 86.70 % [86.02 %, 87.36 %]; a dash of no samples.</summary>
    public static string Cell(Proportion share)
    {
        var interval = share.ExactInterval();
        return share.Total == 0
            ? "-"
            : string.Create(CultureInfo.InvariantCulture, $"{share.Rate:p2} [{interval.Low:p2}, {interval.High:p2}]");
    }
}
