namespace MarginNet.Foreign;

/// <summary>What LibTorch says of a program that fails.</summary>
internal static class LibTorchText
{
    /// <summary>The last line: before it stands where in the program, behind it where in LibTorch.</summary>
    public static string Reason(string message) => message.Split("\nException raised from", 2)[0]
        .Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)[^1];
}
