namespace MarginNet.Checkpoints;

/// <summary>Tells from its first bytes what a file is that was given in place of a checkpoint.</summary>
internal static class FileKind
{
    // torch.save before PyTorch 1.6: a protocol-2 pickle of the integer 0x1950a86a20f9469cfc6c.
    private static ReadOnlySpan<byte> LegacyMagic => [0x80, 0x02, 0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19];

    /// <summary>What to say of a file that <see cref="IsGitLfsPointer"/>.</summary>
    public const string GitLfsPointer = "It is a Git LFS pointer in place of the file; run 'git lfs pull'.";

    /// <summary>Whether a file that starts so only says where Git LFS keeps the real one.</summary>
    public static bool IsGitLfsPointer(ReadOnlySpan<byte> start) => start.StartsWith("version "u8);

    /// <summary>Checks that the stream starts like a zip archive, and says what it is instead if not.</summary>
    public static void RequireZip(Stream stream)
    {
        Span<byte> start = stackalloc byte[32];
        stream.Position = 0;
        start = start[..stream.ReadAtLeast(start, start.Length, throwOnEndOfStream: false)];
        if (!start.StartsWith("PK\u0003\u0004"u8))
        {
            throw new InvalidDataException(Describe(start));
        }
    }

    private static string Describe(ReadOnlySpan<byte> start) => start switch
    {
        [] => "It is empty.",
        _ when start.StartsWith(LegacyMagic) =>
            "It has the format from before PyTorch 1.6; convert it in Python: torch.save(torch.load(path, map_location='cpu'), path).",
        [0x80, >= 2 and <= 5, ..] => "It is a bare Python pickle, not a file of torch.save.",
        _ when IsGitLfsPointer(start) => GitLfsPointer,
        _ => "It is no file of torch.save, which is a zip archive.",
    };
}
