namespace MarginNet.Fuzz;

/// <summary>A reader of files that nobody vouches for.</summary>
/// <param name="Name">What the command line calls it.</param>
/// <param name="Extension">That of its files.</param>
/// <param name="Seeds">Files that it accepts, or refuses for a reason of their own.</param>
/// <param name="Read">Reads a file; it may throw <see cref="InvalidDataException"/>, and nothing else.</param>
internal sealed record Reader(string Name, string Extension, IReadOnlyList<byte[]> Seeds, Action<string> Read)
{
    /// <summary>Further kinds of damage beside that to the bytes, such as to what a checksum protects.</summary>
    public IReadOnlyList<Func<Mutator, byte[], byte[]>> Structured { get; init; } = [];

    /// <summary>Pieces that its format gives a meaning to.</summary>
    public IReadOnlyList<byte[]> Tokens { get; init; } = [];

    /// <summary>Bytes that reading may allocate for each byte of the file. Default 64:
    /// a number of two characters becomes an object.</summary>
    public int AllocationPerByte { get; init; } = 64;

    /// <summary>Bytes that reading may allocate for a file of any length. Default 4 MiB: buffers,
    /// and tensors that a small file may unfold.</summary>
    public int Allowance { get; init; } = 4 << 20;
}
