namespace MarginNet.Cli.Sharding;

/// <summary>What a shard is of: shards of one run have all but the number in common.</summary>
internal sealed record ShardHeader
{
    /// <summary>The version of the tool.</summary>
    public required string Version { get; init; }

    /// <summary>i of i/n.</summary>
    public required int Number { get; init; }

    /// <summary>n of i/n.</summary>
    public required int Count { get; init; }

    /// <summary>The command and its arguments, without those of shards.</summary>
    public required IReadOnlyList<string> Arguments { get; init; }

    /// <summary>The files that the arguments name.</summary>
    public required IReadOnlyList<ShardInput> Inputs { get; init; }

    /// <summary>The image sets that were parted, in the order that they were.</summary>
    public required IReadOnlyList<ShardImages> Images { get; init; }

    /// <summary>The arrays that follow the header.</summary>
    public required IReadOnlyList<ShardArray> Arrays { get; init; }
}

/// <summary>A file that an option names.</summary>
/// <param name="Option">The option, with dashes.</param>
/// <param name="Path">The file, as given.</param>
/// <param name="Digest">The SHA-256 of its content.</param>
internal sealed record ShardInput(string Option, string Path, string Digest);

/// <summary>The rows of an image set that a shard has.</summary>
/// <param name="Count">How many images the set has.</param>
/// <param name="First">The first of the shard's.</param>
/// <param name="Own">How many the shard has.</param>
/// <param name="Digest">See <see cref="ImageDigest"/>.</param>
internal sealed record ShardImages(int Count, int First, int Own, string Digest);

/// <summary>Numbers of some rows.</summary>
/// <param name="Name">What they are.</param>
/// <param name="Type">float32, float64 or int32, little-endian.</param>
/// <param name="Length">How many.</param>
internal sealed record ShardArray(string Name, string Type, long Length);
