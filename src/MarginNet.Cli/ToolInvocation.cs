using System.CommandLine;
using MarginNet.Cli.Sharding;

namespace MarginNet.Cli;

/// <summary>A run of a command, with the signals that may stop it.</summary>
internal sealed class ToolInvocation(Interruption? interruption) : InvocationConfiguration
{
    public Interruption? Interruption { get; } = interruption;

    /// <summary>Where its rows come from; by default all are computed.</summary>
    public Rows Rows { get; init; } = Rows.Whole;
}
