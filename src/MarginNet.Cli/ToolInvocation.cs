using System.CommandLine;

namespace MarginNet.Cli;

/// <summary>A run of a command, with the signals that may stop it.</summary>
internal sealed class ToolInvocation(Interruption? interruption) : InvocationConfiguration
{
    public Interruption? Interruption { get; } = interruption;
}
