using MarginNet.Arrays;
using MarginNet.Data;

namespace MarginNet.Cli.Sharding;

/// <summary>The rows of one shard, computed here and kept for its file.</summary>
internal sealed class ShardRows(Shard shard) : Rows
{
    private readonly List<ShardImages> _images = [];
    private readonly List<(string Name, Array Values)> _arrays = [];

    public override bool ArePart => true;

    public override int First => _images[^1].First;

    public IReadOnlyList<ShardImages> Parts => _images;

    public IReadOnlyList<(string Name, Array Values)> Arrays => _arrays;

    public override ImageSet Part(ImageSet images)
    {
        var (first, count) = Keep(images.Count, ImageDigest.Of(images));
        return images.Select([.. Enumerable.Range(first, count)]);
    }

    public override ImageArray Part(ImageArray images)
    {
        var (first, count) = Keep(images.Count, ImageDigest.Of(images));
        var values = new List<float>(count * images.Channels * images.Height * images.Width);
        for (var i = first; i < first + count; i++)
        {
            values.AddRange(images[i]);
        }

        return new([.. values], images.Channels, images.Height, images.Width);
    }

    public override T[] Take<T>(string name, int count, Func<T[]> compute)
    {
        var values = count == 0 ? [] : compute();
        _arrays.Add((name, values));
        return values;
    }

    private (int First, int Count) Keep(int count, string digest)
    {
        var (first, own) = shard.Of(count).GetOffsetAndLength(count);
        _images.Add(new(count, first, own, digest));
        return (first, own);
    }
}
