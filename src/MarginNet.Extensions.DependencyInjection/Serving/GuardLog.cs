using Microsoft.Extensions.Logging;

namespace MarginNet.Serving;

/// <summary>What is logged.</summary>
internal static partial class GuardLog
{
    [LoggerMessage(1, LogLevel.Information, "Judging by {Model}, version {Version}, {Classes} classes.")]
    public static partial void Loaded(this ILogger log, string model, string version, int classes);

    [LoggerMessage(2, LogLevel.Warning, "{Model} has changed and cannot be used; version {Version} stays. {Reason}")]
    public static partial void ReloadRefused(this ILogger log, string model, string version, string reason);

    [LoggerMessage(3, LogLevel.Error, "A batch of {Images} images failed.")]
    public static partial void BatchFailed(this ILogger log, int images, Exception exception);

    [LoggerMessage(4, LogLevel.Warning,
        "Drift: the p-values of the last decisions are not like the first ones (alpha {Alpha}, window {Window}).")]
    public static partial void Drifted(this ILogger log, double alpha, int window);
}
