namespace MarginNet.Cli;

/// <summary>A mistake that the user can mend: one line, exit code 2.</summary>
internal sealed class UserErrorException(string message) : Exception(message);
