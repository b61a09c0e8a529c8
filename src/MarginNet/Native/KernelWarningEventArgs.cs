namespace MarginNet;

/// <summary>That a network is run without oneDNN, and why.</summary>
/// <param name="message">One line.</param>
public sealed class KernelWarningEventArgs(string message) : EventArgs
{
    /// <summary>One line for the user.</summary>
    public string Message { get; } = message;
}
