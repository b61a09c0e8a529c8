using MarginNet.Arrays;
using MarginNet.Data;

namespace MarginNet.Cli.Sharding;

/// <summary>The rows of all shards, in their order.</summary>
/// <param name="files">The shards of one command, in their order.</param>
internal sealed class MergedRows(IReadOnlyList<ShardFile> files) : Rows
{
    private int _images;
    private int _arrays;

    public override bool ArePart => false;

    public override int First => 0;

    public override ImageSet Part(ImageSet images)
    {
        ThrowIfOther(images.Count, ImageDigest.Of(images));
        return images;
    }

    public override ImageArray Part(ImageArray images)
    {
        ThrowIfOther(images.Count, ImageDigest.Of(images));
        return images;
    }

    public override T[] Take<T>(string name, int count, Func<T[]> compute)
    {
        var at = _arrays++;
        var joined = new List<T>();
        foreach (var file in files)
        {
            joined.AddRange(
                at < file.Arrays.Count && file.Arrays[at].Name == name && file.Arrays[at].Values is T[] values
                    ? values
                    : throw new InvalidDataException($"'{file.Path}' lacks the {name}: make the shards anew with this version."));
        }

        return [.. joined];
    }

    private void ThrowIfOther(int count, string digest)
    {
        var at = _images++;
        if (at >= files[0].Header.Images.Count || files[0].Header.Images[at] is var known
            && (known.Count, known.Digest) != (count, digest))
        {
            throw new UserErrorException($"The data is not that of the shards ('{files[0].Path}' is of "
                + $"{(at < files[0].Header.Images.Count ? files[0].Header.Images[at].Count : 0)} images, here are {count}): "
                + "merge where the same data is, or make the shards anew.");
        }
    }
}
