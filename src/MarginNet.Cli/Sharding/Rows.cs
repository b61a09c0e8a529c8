using MarginNet.Arrays;
using MarginNet.Data;
using MarginNet.Margins;

namespace MarginNet.Cli.Sharding;

/// <summary>
/// Where a command has the long part of its work from, what it computes row by row of its images: it computes all of it, or only the
/// rows of a shard, or has it from shards. So every command has its shards and their merge by the same lines.
/// </summary>
internal abstract class Rows
{
    /// <summary>Computes everything, here and now.</summary>
    public static Rows Whole { get; } = new WholeRows();

    /// <summary>Whether only some of the rows are here, so that nothing may be said of the whole.</summary>
    public abstract bool ArePart { get; }

    /// <summary>The images whose rows are worked on here.</summary>
    public abstract ImageSet Part(ImageSet images);

    /// <inheritdoc cref="Part(ImageSet)"/>
    public abstract ImageArray Part(ImageArray images);

    /// <summary>The place of the first row of the last part.</summary>
    public abstract int First { get; }

    /// <summary>Takes numbers of the last part: by computing them, or from shards.</summary>
    /// <param name="name">What they are; a command takes the same ones in the same order each time.</param>
    /// <param name="count">Of how many images; of none nothing is computed.</param>
    /// <param name="compute">Computes them, in the order of the images.</param>
    public abstract T[] Take<T>(string name, int count, Func<T[]> compute)
        where T : unmanaged;

    /// <summary>Takes class scores.</summary>
    /// <inheritdoc cref="Take{T}"/>
    public virtual ScoreMatrix Scores(string name, int count, int classCount, Func<ScoreMatrix> compute) => new(
        Take(name, count, () =>
        {
            var scores = compute();
            return Values(scores.Count, i => scores[i]);
        }),
        classCount);

    /// <summary>Takes images that are made of those of the last part.</summary>
    /// <param name="name">What they are.</param>
    /// <param name="part">The images they are made of, whose size they have.</param>
    /// <param name="compute">Makes them.</param>
    public virtual ImageArray Images(string name, ImageSet part, Func<ImageArray> compute) => new(
        Take(name, part.Count, () =>
        {
            var images = compute();
            return Values(images.Count, i => images[i]);
        }),
        part.Channels, part.Height, part.Width);

    /// <summary>Rows of one length, one after the other.</summary>
    private static float[] Values(int count, Row row)
    {
        var values = new float[count == 0 ? 0 : count * row(0).Length];
        for (var i = 0; i < count; i++)
        {
            row(i).CopyTo(values.AsSpan(i * row(i).Length));
        }

        return values;
    }

    private delegate ReadOnlySpan<float> Row(int index);

    private sealed class WholeRows : Rows
    {
        public override bool ArePart => false;

        public override int First => 0;

        public override ImageSet Part(ImageSet images) => images;

        public override ImageArray Part(ImageArray images) => images;

        public override T[] Take<T>(string name, int count, Func<T[]> compute) => compute();

        public override ScoreMatrix Scores(string name, int count, int classCount, Func<ScoreMatrix> compute) => compute();

        public override ImageArray Images(string name, ImageSet part, Func<ImageArray> compute) => compute();
    }
}
